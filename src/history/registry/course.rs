//! PZ0301–PZ0499: the order of dates within a row, and the course of a child's stays.

super::code_table! {
    /// What can be wrong with the course of things.
    COURSE:
    END_BEFORE_START = 301 Fault
    { "The end lies before the start", "Time cannot run backwards.", "Correct one of the two dates." }
    { "Het einde ligt voor het begin", "De tijd kan niet teruglopen.", "Verbeter een van de twee datums." }
    ZERO_LENGTH = 302 Finding
    { "A stay starts and ends on the same day", "It has no duration, so it counts as a move but gives no spell.", "Check the dates; remove the row where nobody moved." }
    { "Een verblijf begint en eindigt op dezelfde dag", "Het heeft geen duur; het telt als verplaatsing maar geeft geen episode.", "Controleer de datums; verwijder de rij als niemand verhuisde." }
    BEFORE_BIRTH = 303 Fault
    { "A date lies before the child's birth", "Nothing can happen to a child that is not born.", "Correct the date or the birth." }
    { "Een datum ligt voor de geboorte van het kind", "Een ongeboren kind kan niets overkomen.", "Verbeter de datum of de geboorte." }
    IMPOSSIBLE_AGE = 304 Fault
    { "The child would be older than 23 at the start of the stay", "Youth care ends at 23 at the latest: the birth or the start is wrong.", "Correct the birth or the start." }
    { "Het kind zou bij het begin van het verblijf ouder dan 23 zijn", "Jeugdhulp eindigt uiterlijk bij 23 jaar: de geboorte of het begin klopt niet.", "Verbeter de geboorte of het begin." }
    END_WITHOUT_REASON = 305 Finding
    { "A stay has ended without a reason", "How it ended is unknown, so it cannot be said whether it broke down.", "Fill in end_reason." }
    { "Een verblijf is beëindigd zonder reden", "Hoe het eindigde is onbekend, dus ook of het een breakdown was.", "Vul end_reason in." }
    REASON_WITHOUT_END = 306 Fault
    { "A reason or flag of ending stands without an end date", "It cannot be known whether the stay runs or has ended.", "Fill in the end date, or clear end_reason, end_planned and end_wanted." }
    { "Een reden of kenmerk van beëindiging staat er zonder einddatum", "Het is niet te weten of het verblijf loopt of is beëindigd.", "Vul de einddatum in, of maak end_reason, end_planned en end_wanted leeg." }
    FLAGS_DISAGREE = 307 Finding
    { "The flags of ending contradict the reason", "The flags decide what counts as breakdown; a planned and wanted end with a reason of breakdown, or the reverse, is often a mistake in coding.", "Check end_reason, end_planned and end_wanted against each other." }
    { "De kenmerken van beëindiging spreken de reden tegen", "De kenmerken bepalen wat als breakdown telt; een gepland en gewenst einde met een breakdown-reden, of andersom, is vaak een codeerfout.", "Leg end_reason, end_planned en end_wanted naast elkaar." }
    NOT_OF_AGE = 308 Finding
    { "A stay ended by coming of age well before the 18th birthday", "Coming of age is at 18; the reason, the end or the birth may be wrong.", "Correct the reason or the dates." }
    { "Een verblijf eindigde door meerderjarigheid ruim voor de 18e verjaardag", "Meerderjarig is men bij 18; de reden, het einde of de geboorte klopt misschien niet.", "Verbeter de reden of de datums." }
    LATE_FIRST_OUT = 309 Finding
    { "The first day away from home lies after a stay away from home", "Both cannot be right.", "Correct first_out_of_home or the stay." }
    { "De eerste dag uit huis ligt na een verblijf buitenshuis", "Beide kunnen niet kloppen.", "Verbeter first_out_of_home of het verblijf." }
    AGE_LIMITS = 310 Fault
    { "The lowest age is above the highest", "No child would fit.", "Correct min_age or max_age." }
    { "De laagste leeftijd ligt boven de hoogste", "Geen enkel kind zou passen.", "Verbeter min_age of max_age." }
    OUTSIDE_STAY = 311 Finding
    { "An event lies outside the stay that it names", "The date or the stay may be wrong.", "Correct the date or the stay." }
    { "Een gebeurtenis valt buiten het genoemde verblijf", "De datum of het verblijf klopt misschien niet.", "Verbeter de datum of het verblijf." }

    OVERLAP = 401 Fault
    { "Stays overlap", "A child cannot be in two places at once; only part-time stays may overlap.", "Correct the dates, or mark the weekend or holiday stay with care_form part_time." }
    { "Verblijven overlappen", "Een kind kan niet op twee plaatsen tegelijk zijn; alleen deeltijdverblijven mogen overlappen.", "Verbeter de datums, of geef het weekend- of vakantieverblijf care_form part_time." }
    OPEN_STAY_FOLLOWED = 402 Fault
    { "A stay without an end is followed by another stay", "The child moved, so the earlier stay has ended.", "Fill in the end of the earlier stay." }
    { "Een verblijf zonder einde wordt gevolgd door een ander verblijf", "Het kind is verhuisd, dus het eerdere verblijf is beëindigd.", "Vul het einde van het eerdere verblijf in." }
    GAP = 403 Finding
    { "There is a gap before a stay", "The stay before it did not end with leaving care, so nobody knows where the child was.", "Add the stay in between (also at home), or correct the dates." }
    { "Er zit een gat voor een verblijf", "Het vorige verblijf eindigde niet met vertrek uit zorg; niemand weet waar het kind was.", "Voeg het tussenliggende verblijf toe (ook thuis), of verbeter de datums." }
    NO_FAMILY = 404 Finding
    { "A stay in a family names neither the family nor its kind", "Features of the family stay unknown.", "Fill in family_id, or at least family_kind." }
    { "Een verblijf in een gezin noemt het gezin noch de soort", "Kenmerken van het gezin blijven onbekend.", "Vul family_id in, of ten minste family_kind." }
    STOPPED_FAMILY = 405 Finding
    { "A stay starts in a family that has stopped", "The family's status or the stay may be wrong.", "Correct status and status_date of the family, or the stay." }
    { "Een verblijf begint in een gezin dat is gestopt", "De status van het gezin of het verblijf klopt misschien niet.", "Verbeter status en status_date van het gezin, of het verblijf." }
    FIRST_OF_JANUARY = 406 Finding
    { "All dates of a column are on 1 January", "These are years written as dates; ages and durations are then up to a year off.", "Deliver the real dates, or births as months." }
    { "Alle datums van een kolom vallen op 1 januari", "Het zijn jaren die als datum zijn geschreven; leeftijden en duren kunnen dan een jaar schelen.", "Lever de echte datums, of geboorten als maand." }
    ENDS_PILED_UP = 407 Finding
    { "Many stays end on one and the same day at the end of the window", "Running stays seem to have been closed by the registration; as ends they are false.", "Leave the end of running stays blank." }
    { "Veel verblijven eindigen op één dag aan het eind van het venster", "Lopende verblijven lijken door de registratie te zijn afgesloten; als einde zijn zij onwaar.", "Laat het einde van lopende verblijven leeg." }
    CHILD_WITHOUT_STAY = 408 Finding
    { "A child has neither a stay nor a request", "The child adds nothing; its stays may have been lost.", "Check the export; remove the child where it was never placed." }
    { "Een kind heeft geen verblijf en geen aanvraag", "Het kind voegt niets toe; zijn verblijven zijn misschien verloren gegaan.", "Controleer de export; verwijder het kind als het nooit geplaatst is." }
    WISHES_CONTRADICT = 409 Finding
    { "Wishes contradict each other", "No family can keep to both, so that nobody passes in a match.", "Ask whoever said it, and keep the row that holds." }
    { "Wensen spreken elkaar tegen", "Geen gezin kan aan beide voldoen, dus bij het matchen blijft niemand over.", "Vraag het na en houd de rij die geldt." }
    PAIR_WITH_ITSELF = 410 Finding
    { "Both sides of a wish are the same", "A wish is about two: the row says nothing.", "Correct one of the two ids, or remove the row." }
    { "Beide kanten van een wens zijn dezelfde", "Een wens gaat over twee: de rij zegt niets.", "Verbeter een van de twee id's, of verwijder de rij." }
}
