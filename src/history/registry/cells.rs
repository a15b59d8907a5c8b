//! PZ0101–PZ0299: single cells, ids and references.

super::code_table! {
    /// What can be wrong with a cell.
    CELLS:
    REQUIRED_BLANK = 101 Fault
    { "A required value is blank", "The row cannot be used without it.", "Fill it in, or remove the row." }
    { "Een verplichte waarde ontbreekt", "Zonder die waarde is de rij niet te gebruiken.", "Vul de waarde in, of verwijder de rij." }
    BAD_DATE = 102 Fault
    { "A date cannot be read", "It is no day of the calendar, or written in a way that is not read.", "Write dates as yyyy-mm-dd, dd-mm-yyyy or dd/mm/yyyy with four digits for the year; a birth may be a month (yyyy-mm); leave an unknown date blank." }
    { "Een datum is niet te lezen", "Het is geen dag van de kalender, of zo geschreven dat hij niet wordt gelezen.", "Schrijf datums als jjjj-mm-dd, dd-mm-jjjj of dd/mm/jjjj met vier cijfers voor het jaar; een geboorte mag een maand zijn (jjjj-mm); laat een onbekende datum leeg." }
    OTHER_DATE_STYLE = 103 Fault
    { "A date is written in another style than the rest of the file", "Mixed styles are a sign of cells that were changed by hand or by a spreadsheet.", "Write every date of a file in one style." }
    { "Een datum is anders geschreven dan de rest van het bestand", "Gemengde schrijfwijzen wijzen op cellen die met de hand of door een rekenblad zijn veranderd.", "Schrijf alle datums van een bestand op één manier." }
    WHICH_DATE_STYLE = 104 Fault
    { "dd/mm/yyyy and mm/dd/yyyy are both possible", "No date of the file has a day above 12, so two readings remain; no date of the file is read.", "Say which it is in study.toml: [format] date = \"dd/mm/yyyy\" or \"mm/dd/yyyy\"." }
    { "dd/mm/jjjj en mm/dd/jjjj zijn allebei mogelijk", "Geen datum van het bestand heeft een dag boven de 12, dus er blijven twee lezingen over; geen datum van het bestand wordt gelezen.", "Zeg in study.toml welke het is: [format] date = \"dd/mm/yyyy\" of \"mm/dd/yyyy\"." }
    BAD_NUMBER = 105 Fault
    { "A number cannot be read", "It is not a finite number, or holds signs, units or thousands separators.", "Write digits with at most one decimal mark; leave an unknown number blank." }
    { "Een getal is niet te lezen", "Het is geen eindig getal, of bevat tekens, eenheden of duizendtalscheiding.", "Schrijf cijfers met hooguit één decimaalteken; laat een onbekend getal leeg." }
    WHICH_DECIMAL = 106 Fault
    { "A point or comma can be a decimal mark or a thousands separator", "Every such number of the file has exactly three digits after it, so two readings remain; these numbers are not read.", "Say which it is in study.toml: [format] decimal = \"point\" or \"comma\"." }
    { "Een punt of komma kan een decimaalteken of een duizendtalscheiding zijn", "Alle zulke getallen van het bestand hebben er precies drie cijfers achter, dus er blijven twee lezingen over; deze getallen worden niet gelezen.", "Zeg in study.toml welke het is: [format] decimal = \"point\" of \"comma\"." }
    OTHER_DECIMAL = 107 Fault
    { "A number has another decimal mark than the rest of the file", "It may be a thousands separator: the number could be a thousand times too large or too small.", "Use one decimal mark in a file and no thousands separators." }
    { "Een getal heeft een ander decimaalteken dan de rest van het bestand", "Het kan een duizendtalscheiding zijn: het getal kan duizend keer te groot of te klein zijn.", "Gebruik één decimaalteken per bestand en geen duizendtalscheiding." }
    NOT_WHOLE = 108 Fault
    { "A count is not a whole number", "Places, moves and urgency are counted in whole numbers.", "Write a whole number of 0 or more." }
    { "Een aantal is geen geheel getal", "Plaatsen, overplaatsingen en urgentie zijn hele aantallen.", "Schrijf een geheel getal van 0 of meer." }
    OUT_OF_RANGE = 109 Fault
    { "A number is outside what the column can hold", "It cannot be true.", "Look at the codebook for the column's range and correct the number." }
    { "Een getal ligt buiten wat de kolom kan bevatten", "Het kan niet waar zijn.", "Zoek het bereik van de kolom op in het codeboek en verbeter het getal." }
    UNKNOWN_CODE = 110 Fault
    { "A code is not in the closed list of its column", "Only the codebook's codes have a meaning here.", "Use one of the codes in the codebook; leave the cell blank where it is unknown." }
    { "Een code staat niet in de gesloten lijst van de kolom", "Alleen de codes van het codeboek hebben hier betekenis.", "Gebruik een code uit het codeboek; laat de cel leeg als het onbekend is." }
    BAD_FLAG = 111 Fault
    { "A yes/no cell holds something else", "Only yes/no, ja/nee, true/false and 1/0 are read.", "Write yes or no; leave the cell blank where it is unknown." }
    { "Een ja/nee-cel bevat iets anders", "Alleen yes/no, ja/nee, true/false en 1/0 worden gelezen.", "Schrijf ja of nee; laat de cel leeg als het onbekend is." }
    PLACEHOLDER_DATE = 112 Fault
    { "A date stands for something else", "Dates like 1900-01-01 and 9999-12-31 stand for \"unknown\" or \"not ended\"; as dates they would spoil every duration.", "Leave the cell blank." }
    { "Een datum staat voor iets anders", "Datums als 1900-01-01 en 9999-12-31 betekenen \"onbekend\" of \"niet beëindigd\"; als datum bederven zij elke duur.", "Laat de cel leeg." }
    FUTURE_DATE = 113 Fault
    { "A date lies after the extraction", "What happened cannot be later than the day on which the data were taken.", "Correct the date, or [window] extraction in study.toml; leave an end that has not happened yet blank." }
    { "Een datum ligt na de extractie", "Wat gebeurd is, kan niet later zijn dan de dag waarop de gegevens zijn opgehaald.", "Verbeter de datum, of [window] extraction in study.toml; laat een einde dat er nog niet is leeg." }
    UNKNOWN_SCALE = 114 Finding
    { "A scale's name is close to one of the codebook", "Under this name the scale is kept, but no feature reads it.", "Use the codebook's name where that scale is meant." }
    { "De naam van een schaal lijkt op een naam uit het codeboek", "Onder deze naam blijft de schaal bewaard, maar geen kenmerk leest haar.", "Gebruik de naam uit het codeboek als die schaal bedoeld is." }
    SCORE_RANGE = 115 Fault
    { "A score is outside the range of its scale", "The scale cannot give this score.", "Correct the score or the name of the scale." }
    { "Een score ligt buiten het bereik van de schaal", "De schaal kan deze score niet geven.", "Verbeter de score of de naam van de schaal." }

    DUPLICATE_ID = 201 Fault
    { "An id occurs twice", "Ids name one row each; the first row is kept.", "Remove the double row, or give it an id of its own." }
    { "Een id komt twee keer voor", "Een id hoort bij één rij; de eerste rij telt.", "Verwijder de dubbele rij, of geef haar een eigen id." }
    UNKNOWN_REFERENCE = 202 Fault
    { "An id refers to a row that does not exist", "The row cannot be joined to what it belongs to.", "Add the row that is referred to, or correct the id." }
    { "Een id verwijst naar een rij die niet bestaat", "De rij is niet te koppelen aan waar zij bij hoort.", "Voeg de rij toe waarnaar wordt verwezen, of verbeter het id." }
    DUPLICATE_ROW = 203 Finding
    { "A row is the same as an earlier one", "It would count twice; the first row is kept.", "Remove the double row." }
    { "Een rij is gelijk aan een eerdere", "Zij zou dubbel tellen; de eerste rij telt.", "Verwijder de dubbele rij." }
    OTHER_CHILD = 204 Fault
    { "The stay belongs to another child", "The row names a child and a stay that do not belong together.", "Correct the child or the stay." }
    { "Het verblijf hoort bij een ander kind", "De rij noemt een kind en een verblijf die niet bij elkaar horen.", "Verbeter het kind of het verblijf." }
    PAIR_WITHOUT_FAMILY = 205 Fault
    { "A score of a pair names no family", "A pair is a child and a prospective family.", "Fill in family_id, or make it a score of the child." }
    { "Een score van een paar noemt geen gezin", "Een paar is een kind en een beoogd gezin.", "Vul family_id in, of maak er een score van het kind van." }
    CHILD_OR_FAMILY = 206 Fault
    { "An id is both a child's and a family's", "It cannot be known whom the wish is about.", "Give children and families ids that differ." }
    { "Een id is zowel van een kind als van een gezin", "Het is niet te weten over wie de wens gaat.", "Geef kinderen en gezinnen verschillende ids." }
}
