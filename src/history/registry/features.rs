//! PZ2001–PZ2099: what to weigh about the features of a study, before a model learns from them.
//!
//! The questions are those that audits of risk tools in youth care raised (Gerchick et al. 2023)
//! and of reporting guidelines for prediction (Collins et al. 2024, TRIPOD+AI).

super::code_table! {
    /// What can be odd about the features of a study.
    FEATURES:
    EVER_FEATURE = 2001 Finding
    { "A feature counts everything that ever happened", "A child or a family can never leave it behind: what lies long ago weighs as much as what happened last month.", "Choose a feature with a window, such as breakdowns_24m or school_changes_12m; or waive this code with the reason why all time counts." }
    { "Een kenmerk telt alles wat ooit gebeurde", "Een kind of gezin komt er nooit meer van los: wat lang geleden is weegt even zwaar als wat vorige maand gebeurde.", "Kies een kenmerk met een tijdvenster, zoals breakdowns_24m of school_changes_12m; of zie van deze code af met de reden waarom alle tijd telt." }
    ABOUT_RELATIVES = 2002 Finding
    { "A feature is made of what is known of other people", "The child is judged by brothers, sisters or housemates: risk by association, which the child cannot change.", "Drop the feature, or waive this code with the reason why it says something about this placement." }
    { "Een kenmerk is opgebouwd uit wat over anderen bekend is", "Het kind wordt beoordeeld op broers, zussen of huisgenoten: risico door verwantschap, waar het kind niets aan kan veranderen.", "Laat het kenmerk weg, of zie van deze code af met de reden waarom het iets over deze plaatsing zegt." }
    AFTER_TIME_ZERO = 2003 Finding
    { "A feature may have been measured after the day from which risk is predicted", "What became known because the placement was going wrong predicts well afterwards, and not on the day itself.", "Record the day on which it became known (family_periods.csv, `recorded`), drop the feature, or waive this code with the reason why the value was known in time." }
    { "Een kenmerk is misschien gemeten na de dag vanaf wanneer het risico wordt voorspeld", "Wat bekend werd omdat de plaatsing al misging, voorspelt achteraf goed, en op de dag zelf niet.", "Leg vast wanneer het bekend werd (family_periods.csv, `recorded`), laat het kenmerk weg, of zie van deze code af met de reden waarom de waarde op tijd bekend was." }
    BY_THE_DECIDER = 2004 Finding
    { "A feature is recorded by the one who decides", "It holds the worker's own expectation: the model then repeats the judgement that it should stand beside, and its use can change what is recorded.", "Use a score by the child, the parents or the carers; or waive this code with the reason." }
    { "Een kenmerk is vastgelegd door wie ook beslist", "Het bevat de verwachting van de medewerker zelf: het model herhaalt dan het oordeel waar het naast moet staan, en het gebruik ervan kan veranderen wat er wordt vastgelegd.", "Gebruik een score van het kind, de ouders of de pleegouders; of zie van deze code af met de reden." }
    PROXY = 2005 Finding
    { "A feature can stand for where somebody lives, comes from or what somebody believes", "Postcode, region, language and origin are close to poverty and descent: the model may treat groups differently without saying so.", "Drop it, or keep it out of the terms and look at it in an audit file; or waive this code with the reason." }
    { "Een kenmerk kan staan voor waar iemand woont, vandaan komt of wat iemand gelooft", "Postcode, regio, taal en herkomst liggen dicht bij armoede en afkomst: het model kan groepen anders behandelen zonder dat te zeggen.", "Laat het weg, of houd het buiten de termen en bekijk het in een audit-bestand; of zie van deze code af met de reden." }
    MISSING_AT_USE = 2006 Finding
    { "A feature is missing for most of the running placements", "The risk of the placements that are asked about then rests on a filled-in value.", "Record it earlier, drop it, or predict at a landmark when it is known; or waive this code with the reason." }
    { "Een kenmerk ontbreekt bij de meeste lopende plaatsingen", "Het risico van de plaatsingen waar het om gaat rust dan op een ingevulde waarde.", "Leg het eerder vast, laat het weg, of voorspel op een later moment als het bekend is; of zie van deze code af met de reden." }
}
