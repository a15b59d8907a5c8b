//! PZ0001–PZ0099: files and tables.

super::code_table! {
    /// What can be wrong with a file as a whole.
    TABLES:
    EMPTY_FILE = 1 Fault
    { "The file is empty", "An empty file is usually an export that failed.", "Export the file again; leave the file out where there is nothing to report (children, stays and study.toml are required)." }
    { "Het bestand is leeg", "Een leeg bestand is meestal een mislukte export.", "Exporteer het bestand opnieuw; laat het weg als er niets te melden is (children, stays en study.toml zijn verplicht)." }
    NOT_CSV = 2 Fault
    { "The file is not a CSV text", "A compressed file, a workbook or another encoding cannot be read as CSV.", "Save it as \"CSV UTF-8\" and put that file in its place." }
    { "Het bestand is geen CSV-tekst", "Een ingepakt bestand, een werkmap of een andere codering is niet als CSV te lezen.", "Bewaar het als \"CSV UTF-8\" en zet dat bestand ervoor in de plaats." }
    NOT_UTF8 = 3 Fault
    { "A cell is not valid UTF-8", "The file is in another encoding (often Windows-1252), so letters with accents would be misread.", "Save the file as \"CSV UTF-8\"." }
    { "Een cel is geen geldige UTF-8", "Het bestand heeft een andere codering (vaak Windows-1252), waardoor letters met accenten fout worden gelezen.", "Bewaar het bestand als \"CSV UTF-8\"." }
    NUL_BYTE = 4 Fault
    { "A row holds a NUL byte", "A NUL byte is no text: the file was damaged or is not a CSV file.", "Export the file again." }
    { "Een rij bevat een NUL-byte", "Een NUL-byte is geen tekst: het bestand is beschadigd of is geen CSV.", "Exporteer het bestand opnieuw." }
    WRONG_SEPARATOR = 5 Fault
    { "The columns are separated by something else than a comma or a semicolon", "Only comma and semicolon are read.", "Save the file with commas or semicolons." }
    { "De kolommen zijn met iets anders dan een komma of puntkomma gescheiden", "Alleen komma en puntkomma worden gelezen.", "Bewaar het bestand met komma's of puntkomma's." }
    WHICH_SEPARATOR = 6 Fault
    { "Comma and semicolon are both possible as separator", "Two readings remain, and guessing could shift every column.", "Say which it is in study.toml: [format] separator = \"comma\" or \"semicolon\"." }
    { "Komma en puntkomma kunnen allebei het scheidingsteken zijn", "Er blijven twee lezingen over, en gokken kan elke kolom verschuiven.", "Zeg in study.toml welke het is: [format] separator = \"comma\" of \"semicolon\"." }
    NO_HEADER = 7 Fault
    { "The first line is not a header of this file", "Without column names no cell can be understood; the first line may be data.", "Put the codebook's column names on the first line." }
    { "De eerste regel is geen kopregel van dit bestand", "Zonder kolomnamen is geen cel te begrijpen; de eerste regel is misschien data.", "Zet de kolomnamen van het codeboek op de eerste regel." }
    LONG_LINE = 8 Fault
    { "A row is longer than 1 MiB", "No row of a history is that long: line ends are lost, or a quote is never closed. The file is not read further.", "Export the file again with one row per line." }
    { "Een rij is langer dan 1 MiB", "Geen rij van een historie is zo lang: de regeleinden zijn weg, of een aanhalingsteken is nooit gesloten. Verder wordt het bestand niet gelezen.", "Exporteer het bestand opnieuw met één rij per regel." }
    OPEN_QUOTE = 9 Fault
    { "A quote is not closed properly", "A cell that starts with a quote must end with one; otherwise it swallows the cells and rows after it.", "Close the quote, and double the quotes inside a quoted cell." }
    { "Een aanhalingsteken is niet goed gesloten", "Een cel die met een aanhalingsteken begint, moet ermee eindigen; anders slokt zij de volgende cellen en rijen op.", "Sluit het aanhalingsteken, en verdubbel aanhalingstekens binnen zo'n cel." }
    RAGGED_ROW = 10 Fault
    { "A row has another number of cells than the header", "Cells may have shifted to a neighbouring column.", "Quote cells that hold the separator (a decimal comma in a comma file, too), and fill up short rows." }
    { "Een rij heeft een ander aantal cellen dan de kopregel", "Cellen kunnen een kolom verschoven zijn.", "Zet cellen waarin het scheidingsteken staat tussen aanhalingstekens (ook een decimale komma in een kommabestand), en vul korte rijen aan." }
    MISSING_COLUMN = 11 Fault
    { "A required column is missing", "The rows of this file cannot be used without it.", "Add the column, or give it its name of the codebook." }
    { "Een verplichte kolom ontbreekt", "Zonder die kolom zijn de rijen van dit bestand niet te gebruiken.", "Voeg de kolom toe, of geef haar de naam uit het codeboek." }
    DUPLICATE_COLUMN = 12 Fault
    { "A column occurs twice", "It cannot be known which of the two holds.", "Remove or rename one of the two." }
    { "Een kolom komt twee keer voor", "Het is niet te weten welke van de twee geldt.", "Verwijder of hernoem een van de twee." }
    UNKNOWN_COLUMN = 13 Finding
    { "A column is not in the codebook", "It is not read: what it holds plays no part anywhere.", "Rename it to the codebook's name where it is meant to be read; otherwise remove it." }
    { "Een kolom staat niet in het codeboek", "De kolom wordt niet gelezen: wat erin staat telt nergens mee.", "Geef haar de naam uit het codeboek als zij gelezen moet worden; verwijder haar anders." }
    NO_ROWS = 14 Fault
    { "A required file has no rows", "Without children or stays there is nothing to work with.", "Export the file again." }
    { "Een verplicht bestand heeft geen rijen", "Zonder kinderen of verblijven is er niets om mee te werken.", "Exporteer het bestand opnieuw." }
    OTHER_FILE = 15 Finding
    { "A file's name is close to a name that is read", "It is not read under this name.", "Rename the file where it is meant to be read." }
    { "De naam van een bestand lijkt op een naam die wordt gelezen", "Onder deze naam wordt het niet gelezen.", "Hernoem het bestand als het gelezen moet worden." }
    REFERRED_FILE_MISSING = 16 Fault
    { "A column refers to a file that is not there", "None of its ids can be looked up.", "Add the file, or leave the column blank." }
    { "Een kolom verwijst naar een bestand dat er niet is", "Geen van de ids is op te zoeken.", "Voeg het bestand toe, of laat de kolom leeg." }
    LIST_CUT = 17 Finding
    { "Not every finding of a code is listed", "The list of one code stops at 10,000; the counts are exact.", "Repair the ones that are listed and check again." }
    { "Niet elke melding van een code staat in de lijst", "De lijst van één code stopt bij 10.000; de aantallen kloppen precies.", "Herstel wat er staat en controleer opnieuw." }
    BSN_COLUMN = 18 Fault
    { "A column holds what look like BSNs", "Half or more of its different values pass the check of a burgerservicenummer. A BSN may not be used here, so nothing of the folder is read.", "Replace the numbers by pseudonyms before the data leave the registration." }
    { "Een kolom bevat wat BSN's lijken", "De helft of meer van de verschillende waarden doorstaat de elfproef van het burgerservicenummer. Een BSN mag hier niet worden gebruikt; daarom wordt niets van de map gelezen.", "Vervang de nummers door pseudoniemen voordat de gegevens de registratie verlaten." }
    BSN_IN_TEXT = 19 Finding
    { "A text holds a number that passes the check of a BSN", "It may be the burgerservicenummer of a person.", "Look at the cell and remove the number; a number passes by chance once in eleven." }
    { "Een tekst bevat een nummer dat de elfproef van een BSN doorstaat", "Het kan het burgerservicenummer van iemand zijn.", "Bekijk de cel en haal het nummer weg; een op de elf nummers doorstaat de proef toevallig." }
}
