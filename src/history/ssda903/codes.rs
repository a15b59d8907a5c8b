//! PZ0901–PZ0999: what can be wrong with a statutory return. A fault means that the row (or file)
//! is dropped; a finding, that it is used as the text says.

crate::history::registry::code_table! {
    /// What an import of England's return can find.
    IMPORT:
    NOT_A_TABLE = 901 Finding
    { "A CSV file is no table of the return", "Its header row is not one of the return's tables, so it is not read.", "Give it the header row of its table, or take it out of the folder." }
    { "Een CSV-bestand is geen tabel van de aanlevering", "De kopregel is niet die van een van de tabellen; het bestand wordt niet gelezen.", "Geef het de kopregel van zijn tabel, of haal het uit de map." }
    MISSING_COLUMNS = 902 Fault
    { "A table lacks columns that the import needs", "Its rows cannot be understood; the file is not read.", "Add the columns under their names of the return." }
    { "Een tabel mist kolommen die de import nodig heeft", "De rijen zijn niet te begrijpen; het bestand wordt niet gelezen.", "Voeg de kolommen toe onder hun naam in de aanlevering." }
    NO_RETURN = 903 Fault
    { "It cannot be told to which yearly return a file belongs", "An SDQ score is dated by its return; without one it would be put at the wrong time.", "Put each yearly return in a folder of its own, or give the files of one return the same year in their names." }
    { "Het is niet te zeggen bij welke jaarlijkse aanlevering een bestand hoort", "Een SDQ-score krijgt de datum van haar aanlevering; zonder die komt zij op de verkeerde tijd.", "Zet elke jaaraanlevering in een eigen map, of geef de bestanden van één aanlevering hetzelfde jaar in de naam." }
    MISSING_YEAR = 904 Finding
    { "A collection year is missing between the first return and the last", "What happened in that year is only known for children who are in the next return.", "Add the return of that year, or import the years after it only." }
    { "Tussen de eerste en de laatste aanlevering ontbreekt een jaar", "Wat in dat jaar gebeurde, is alleen bekend van kinderen die in de volgende aanlevering staan.", "Voeg de aanlevering van dat jaar toe, of importeer alleen de jaren erna." }
    UNREADABLE_ROW = 905 Fault
    { "A row cannot be read", "It has another number of cells than the header, or is not valid UTF-8.", "Export the file again as \"CSV UTF-8\"; quote cells that hold a comma." }
    { "Een rij is niet te lezen", "Zij heeft een ander aantal cellen dan de kopregel, of is geen geldige UTF-8.", "Exporteer het bestand opnieuw als \"CSV UTF-8\"; zet cellen met een komma tussen aanhalingstekens." }
    BLANK = 906 Fault
    { "A cell that decides is blank", "Without it nobody can say whose row it is, when it was, or where the child lived.", "Fill in the cell." }
    { "Een cel die beslist is leeg", "Zonder die cel is niet te zeggen van wie de rij is, wanneer het was, of waar het kind woonde.", "Vul de cel in." }
    DATE = 907 Fault
    { "A date cannot be read", "It is no day of the calendar, or not written as dd/mm/yyyy (or yyyy-mm-dd).", "Correct the date." }
    { "Een datum is niet te lezen", "Het is geen dag van de kalender, of niet geschreven als dd/mm/jjjj (of jjjj-mm-dd).", "Verbeter de datum." }
    CODE = 908 Fault
    { "RNE or PLACE is on no code list of any year", "These two decide whether the child went to another carer and where it lived.", "Use a code of the collection year's list." }
    { "RNE of PLACE staat op geen enkele codelijst", "Deze twee bepalen of het kind naar een andere opvoeder ging en waar het woonde.", "Gebruik een code uit de lijst van het jaar." }
    OTHER_CODE = 909 Finding
    { "A code is on no list of its column", "The cell is read as unknown; the row is used.", "Use a code of the collection year's list." }
    { "Een code staat op geen lijst van haar kolom", "De cel wordt als onbekend gelezen; de rij wordt gebruikt.", "Gebruik een code uit de lijst van het jaar." }
    CODE_OF_OTHER_YEAR = 910 Finding
    { "A PLACE code is not on the list of its collection year", "It is read with the meaning that it has in other years.", "Use a code of the collection year's list." }
    { "Een PLACE-code staat niet op de lijst van haar jaar", "De code wordt gelezen met de betekenis die zij in andere jaren heeft.", "Gebruik een code uit de lijst van het jaar." }
    DUPLICATE = 911 Fault
    { "A return has two rows with one key", "Episodes are known by CHILD and DECOM, other rows by CHILD: only the first row is used.", "Remove one of the two." }
    { "Een aanlevering heeft twee rijen met dezelfde sleutel", "Episodes zijn bekend onder CHILD en DECOM, andere rijen onder CHILD: alleen de eerste rij telt.", "Verwijder een van de twee." }
    NO_CHILD = 912 Fault
    { "CHILD is in no Header that can be used", "Without a birth no age can be computed.", "Add the child to the Header of the return." }
    { "CHILD staat in geen bruikbare Header", "Zonder geboorte is er geen leeftijd.", "Voeg het kind toe aan de Header van de aanlevering." }
    BIRTH_CHANGED = 913 Finding
    { "Two returns give a child different births", "The birth of the latest return is used.", "Check which birth is right, and whether CHILD is one child." }
    { "Twee aanleveringen geven een kind verschillende geboorten", "De geboorte uit de laatste aanlevering wordt gebruikt.", "Controleer welke geboorte klopt, en of CHILD één kind is." }
    AGE = 914 Fault
    { "The child would not be born yet, or be older than 23", "The birth or the date is wrong.", "Correct DOB or DECOM." }
    { "Het kind zou nog niet geboren zijn, of ouder dan 23", "De geboorte of de datum klopt niet.", "Verbeter DOB of DECOM." }
    END_NOT_AFTER_START = 915 Fault
    { "An episode ends on or before the day on which it starts", "It has no days.", "Correct DECOM or DEC." }
    { "Een episode eindigt op of voor de dag waarop zij begint", "Er blijven geen dagen over.", "Verbeter DECOM of DEC." }
    START_AFTER_RETURN = 916 Fault
    { "A row starts after the last day of its return", "What is reported cannot be later than 31 March of the collection year.", "Correct the date; a few such dates among many are not taken for another year." }
    { "Een rij begint na de laatste dag van haar aanlevering", "Wat gemeld is, kan niet na 31 maart van het jaar liggen.", "Verbeter de datum; enkele zulke datums tussen vele gelden niet als een ander jaar." }
    END_AFTER_RETURN = 917 Finding
    { "An episode ends after the last day of its return", "On 31 March it still ran: it is read as running.", "Correct DEC, or leave it blank until it has happened." }
    { "Een episode eindigt na de laatste dag van haar aanlevering", "Op 31 maart liep zij nog: zij wordt als lopend gelezen.", "Verbeter DEC, of laat het leeg tot het gebeurd is." }
    END_HALF_KNOWN = 918 Finding
    { "DEC and REC are not both filled or both blank", "Without REC the end is read as unknown; without DEC the REC is not used.", "Fill in both, or neither." }
    { "DEC en REC zijn niet beide gevuld of beide leeg", "Zonder REC is het einde onbekend; zonder DEC wordt REC niet gebruikt.", "Vul beide in, of geen van beide." }
    OPEN_FOLLOWED = 919 Finding
    { "An episode without an end is followed by another", "It is read as ending where the next one starts, for an unknown reason.", "Fill in DEC and REC." }
    { "Een episode zonder einde wordt gevolgd door een andere", "Zij eindigt hier waar de volgende begint, om een onbekende reden.", "Vul DEC en REC in." }
    OVERLAP = 920 Finding
    { "An episode ends after the next one has started", "A child cannot be in two places: it is read as ending where the next one starts.", "Correct DEC or the next DECOM." }
    { "Een episode eindigt nadat de volgende is begonnen", "Een kind kan niet op twee plaatsen zijn: zij eindigt hier waar de volgende begint.", "Verbeter DEC of de volgende DECOM." }
    SUPERSEDED = 921 Finding
    { "A later return tells the same time differently", "The earlier row still ran when its return closed, the later return does not have it but has another row for that time: the later return wins and the earlier row is dropped.", "Nothing to do where the later return corrects the earlier one." }
    { "Een latere aanlevering vertelt dezelfde tijd anders", "De eerdere rij liep nog toen haar aanlevering sloot, de latere aanlevering heeft haar niet maar wel een andere rij voor die tijd: de latere wint en de eerdere rij vervalt.", "Niets te doen als de latere aanlevering de eerdere verbetert." }
    VANISHED = 922 Finding
    { "A child was in care when a return closed and is not in any later one", "The stay is read as ending on that 31 March for an unknown reason.", "Add the rows to the later return." }
    { "Een kind was in zorg toen een aanlevering sloot en staat in geen latere", "Het verblijf eindigt hier op die 31 maart, om een onbekende reden.", "Voeg de rijen toe aan de latere aanlevering." }
    START_NOT_SEEN = 923 Finding
    { "A status-only change (L, T, U) does not follow on an episode", "The same carer went before, but not in these rows: the stay is counted from here, so it has lasted longer than it seems.", "Add the earlier episodes." }
    { "Een wijziging zonder andere opvoeder (L, T, U) volgt niet op een episode", "Dezelfde opvoeder ging vooraf, maar niet in deze rijen: het verblijf telt vanaf hier en duurt dus langer dan het lijkt.", "Voeg de eerdere episodes toe." }
    OTHER_SETTING = 924 Finding
    { "RNE says the same carer, PLACE says another kind of place", "It is read as a move, for an unknown reason.", "Correct RNE or PLACE." }
    { "RNE zegt dezelfde opvoeder, PLACE zegt een ander soort plek", "Het wordt als verhuizing gelezen, om een onbekende reden.", "Verbeter RNE of PLACE." }
    REASON_IS_STATUS = 925 Finding
    { "The reason PLACE (only the status changed) stands beside a carer change", "The reason of the move is read as unknown.", "Give the reason of the move, or correct RNE." }
    { "De reden PLACE (alleen de status wijzigde) staat bij een andere opvoeder", "De reden van de verhuizing geldt als onbekend.", "Geef de reden van de verhuizing, of verbeter RNE." }
    NO_REASON = 926 Finding
    { "A carer change has no REASON_PLACE_CHANGE", "The reason of the move is read as unknown.", "Fill in the reason." }
    { "Een andere opvoeder zonder REASON_PLACE_CHANGE", "De reden van de verhuizing geldt als onbekend.", "Vul de reden in." }
    NOT_CONTINUED = 927 Finding
    { "REC X1 says that care goes on, but no episode starts that day", "How the stay ended is taken from the reason of the change, where there is one.", "Add the next episode, or correct REC." }
    { "REC X1 zegt dat de zorg doorgaat, maar er begint die dag geen episode", "Hoe het verblijf eindigde, komt uit de reden van de wijziging, als die er is.", "Voeg de volgende episode toe, of verbeter REC." }
    ENDED_YET_GOES_ON = 928 Finding
    { "REC says that care ended, but it goes on the same day with the same carer", "REC is believed: a new stay starts.", "Correct REC or RNE." }
    { "REC zegt dat de zorg eindigde, maar zij gaat die dag door bij dezelfde opvoeder", "REC geldt: er begint een nieuw verblijf.", "Verbeter REC of RNE." }
    LONG_ABSENCE = 929 Finding
    { "A temporary placement lasts longer than its code allows", "It is still read as an absence; it may have been a move.", "Correct the dates, or give the real PLACE." }
    { "Een tijdelijke plaatsing duurt langer dan haar code toestaat", "Zij geldt nog als afwezigheid; misschien was het een verhuizing.", "Verbeter de datums, of geef de echte PLACE." }
    NO_RETURN_TO_CARER = 930 Finding
    { "A temporary placement does not stand between two times with one carer", "It is read as a stay of its own; the stay before it ended for an unknown reason.", "Correct PLACE or the episodes around it." }
    { "Een tijdelijke plaatsing staat niet tussen twee tijden bij dezelfde opvoeder", "Zij geldt als eigen verblijf; het verblijf ervoor eindigde om een onbekende reden.", "Verbeter PLACE of de episodes eromheen." }
    SDQ = 931 Fault
    { "An SDQ score is no whole number from 0 to 40", "The score cannot exist.", "Correct the score." }
    { "Een SDQ-score is geen geheel getal van 0 tot 40", "De score kan niet bestaan.", "Verbeter de score." }
    FIRST_NOT_START = 932 Finding
    { "A child's first episode is a move (P, B) within the years of these returns", "Earlier episodes are missing, so earlier moves are unknown.", "Add the earlier episodes, or correct RNE to S." }
    { "De eerste episode van een kind is een verhuizing (P, B) binnen deze jaren", "Eerdere episodes ontbreken, dus eerdere verhuizingen zijn onbekend.", "Voeg de eerdere episodes toe, of verbeter RNE tot S." }
    COLUMN_TWICE = 933 Fault
    { "A column of a table occurs twice", "It cannot be known which of the two holds; the file is not read.", "Remove or rename one of the two." }
    { "Een kolom van een tabel komt twee keer voor", "Het is niet te weten welke van de twee geldt; het bestand wordt niet gelezen.", "Verwijder of hernoem een van de twee." }
    REASON_BESIDE_END = 934 Finding
    { "A reason of a placement change stands beside an end of care", "REASON_PLACE_CHANGE belongs to REC X1; REC is believed.", "Clear the reason, or correct REC." }
    { "Een reden van verplaatsing staat bij een einde van de zorg", "REASON_PLACE_CHANGE hoort bij REC X1; REC geldt.", "Maak de reden leeg, of verbeter REC." }
}
