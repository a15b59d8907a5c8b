//! The files of a history folder and their columns: the codebook as the program knows it.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// The pseudonym of the row itself.
    Id,
    /// The pseudonym of a row elsewhere.
    Reference,
    /// A date or a month of birth.
    Birth,
    /// A date that may lie in the future.
    Date,
    /// A date that cannot be later than the extraction.
    Past,
    /// A code of a closed list.
    Code,
    /// Codes of a closed list, separated by `|`.
    Codes,
    /// A word of an open list, or free text.
    Text,
    /// Words of an open list, separated by `|`.
    Texts,
    /// Months or days of birth, separated by `|`.
    Births,
    /// Yes or no.
    Flag,
    /// A number within bounds.
    Number(f64, f64),
    /// A whole number within bounds.
    Count(u32, u32),
}

/// A column of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// Its English name, which is the one in messages and in written files.
    pub name: &'static str,
    /// The Dutch names that are accepted.
    pub dutch: &'static [&'static str],
    /// What it holds.
    pub kind: Kind,
    /// Whether every row needs a value.
    pub required: bool,
    /// Whether its values can identify somebody: they are never shown.
    pub identifying: bool,
}

/// A file of a history folder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FileSpec {
    /// Its name in the folder.
    pub name: &'static str,
    /// Whether a folder must have it.
    pub required: bool,
    /// Its columns, in the order of the codebook.
    pub columns: &'static [Column],
}

/// Declares a file: a module with the position of each column, its file and columns.
macro_rules! file {
    ($(#[$doc:meta])* $module:ident $name:literal $need:ident {
        $($column:ident $en:literal $dutch:tt $kind:expr, $required:ident $open:ident;)+
    }) => {
        $(#[$doc])*
        pub(super) mod $module {
            use super::{Column, FileSpec, Kind::*, no, yes};
            // Not every table names each of its columns by position.
            #[allow(dead_code, non_camel_case_types, clippy::upper_case_acronyms)]
            enum Position { $($column),+ }
            $(#[allow(dead_code)] pub const $column: usize = Position::$column as usize;)+
            pub static FILE: FileSpec = FileSpec {
                name: $name,
                required: $need,
                columns: &[$(Column {
                    name: $en, dutch: &$dutch, kind: $kind,
                    required: $required, identifying: $open,
                }),+],
            };
        }
    };
}

/// For the tables below: required, or identifying.
#[allow(non_upper_case_globals)]
const yes: bool = true;
/// For the tables below: neither.
#[allow(non_upper_case_globals)]
const no: bool = false;

file!(
    /// `children.csv`
    children "children.csv" yes {
        CHILD_ID "child_id" ["kind_id"] Id, yes yes;
        BIRTH "birth" ["geboorte", "geboortedatum", "geboortemaand"] Birth, yes yes;
        SEX "sex" ["geslacht"] Code, no no;
        SIBLING_GROUP "sibling_group" ["broers_zussen_groep"] Text, no yes;
        ORIGIN_MUNICIPALITY "origin_municipality" ["herkomstgemeente"] Text, no yes;
        HOME_AREA "home_area" ["thuisgebied"] Text, no yes;
        SCHOOL_AREA "school_area" ["schoolgebied"] Text, no yes;
        NEEDS "needs" ["behoeften"] Texts, no no;
        FIRST_OUT_OF_HOME "first_out_of_home" ["eerste_uithuisplaatsing"] Past, no no;
        MOVES_BEFORE "moves_before" ["eerdere_overplaatsingen"] Count(0, 200), no no;
        BREAKDOWNS_BEFORE "breakdowns_before" ["eerdere_breakdowns"] Count(0, 200), no no;
    }
);
file!(
    /// `families.csv`
    families "families.csv" no {
        FAMILY_ID "family_id" ["gezin_id", "pleeggezin_id"] Id, yes yes;
        PROVIDER "provider" ["aanbieder"] Text, no no;
        KIND "kind" ["soort"] Code, yes no;
        AREA "area" ["gebied"] Text, no yes;
        PLACES "places" ["plaatsen"] Count(0, 50), no no;
        MIN_AGE "min_age" ["min_leeftijd"] Number(0.0, 99.0), no no;
        MAX_AGE "max_age" ["max_leeftijd"] Number(0.0, 99.0), no no;
        CARE_FORMS "care_forms" ["zorgvormen"] Codes, no no;
        PERSPECTIVES "perspectives" ["perspectieven"] Codes, no no;
        ACCEPTS_NEEDS "accepts_needs" ["aanvaardt_behoeften"] Texts, no no;
        REFUSES_NEEDS "refuses_needs" ["weigert_behoeften"] Texts, no no;
        OWN_CHILDREN "own_children" ["eigen_kinderen"] Births, no yes;
        EXPERIENCE_SINCE "experience_since" ["ervaring_sinds"] Past, no no;
        STATUS "status" [] Code, no no;
        STATUS_DATE "status_date" ["statusdatum", "status_datum"] Date, no no;
        STOP_REASON "stop_reason" ["stopreden"] Text, no yes;
    }
);
file!(
    /// `family_periods.csv`
    family_periods "family_periods.csv" no {
        FAMILY_ID "family_id" ["gezin_id", "pleeggezin_id"] Reference, yes yes;
        PROVIDER "provider" ["aanbieder"] Text, no no;
        KIND "kind" ["soort"] Code, no no;
        AREA "area" ["gebied"] Text, no yes;
        PLACES "places" ["plaatsen"] Count(0, 50), no no;
        MIN_AGE "min_age" ["min_leeftijd"] Number(0.0, 99.0), no no;
        MAX_AGE "max_age" ["max_leeftijd"] Number(0.0, 99.0), no no;
        CARE_FORMS "care_forms" ["zorgvormen"] Codes, no no;
        PERSPECTIVES "perspectives" ["perspectieven"] Codes, no no;
        ACCEPTS_NEEDS "accepts_needs" ["aanvaardt_behoeften"] Texts, no no;
        REFUSES_NEEDS "refuses_needs" ["weigert_behoeften"] Texts, no no;
        OWN_CHILDREN "own_children" ["eigen_kinderen"] Births, no yes;
        EXPERIENCE_SINCE "experience_since" ["ervaring_sinds"] Past, no no;
        STATUS "status" [] Code, no no;
        STATUS_DATE "status_date" ["statusdatum", "status_datum"] Date, no no;
        STOP_REASON "stop_reason" ["stopreden"] Text, no yes;
        FROM "from" ["van", "vanaf"] Date, yes no;
        TO "to" ["tot", "tot_en_met"] Date, no no;
        RECORDED "recorded" ["vastgelegd"] Past, no no;
    }
);
file!(
    /// `stays.csv`
    stays "stays.csv" yes {
        STAY_ID "stay_id" ["verblijf_id"] Id, yes yes;
        CHILD_ID "child_id" ["kind_id"] Reference, yes yes;
        SETTING "setting" ["verblijfsvorm"] Code, yes no;
        FAMILY_ID "family_id" ["gezin_id", "pleeggezin_id"] Reference, no yes;
        FAMILY_KIND "family_kind" ["soort_gezin"] Code, no no;
        PROVIDER "provider" ["aanbieder"] Text, no no;
        START "start" ["begin", "begindatum", "startdatum"] Past, yes no;
        END "end" ["einde", "einddatum"] Past, no no;
        END_REASON "end_reason" ["reden_einde"] Code, no no;
        END_PLANNED "end_planned" ["einde_gepland"] Flag, no no;
        END_WANTED "end_wanted" ["einde_gewenst"] Flag, no no;
        PERSPECTIVE "perspective" ["perspectief"] Code, no no;
        CARE_FORM "care_form" ["zorgvorm"] Code, no no;
        LEGAL "legal" ["juridisch"] Code, no no;
        SIBLINGS_TOGETHER "siblings_together" ["broers_zussen_samen"] Flag, no no;
        REGION "region" ["regio"] Text, no no;
        RECORDED "recorded" ["vastgelegd"] Past, no no;
    }
);
file!(
    /// `events.csv`
    events "events.csv" no {
        CHILD_ID "child_id" ["kind_id"] Reference, yes yes;
        STAY_ID "stay_id" ["verblijf_id"] Reference, no yes;
        DATE "date" ["datum"] Past, yes no;
        KIND "kind" ["soort"] Code, yes no;
        ROLE "role" ["rol"] Text, no no;
        FROM "from" ["van"] Text, no yes;
        TO "to" ["naar"] Text, no yes;
        WARM_HANDOVER "warm_handover" ["warme_overdracht"] Flag, no no;
        RECORDED "recorded" ["vastgelegd"] Past, no no;
    }
);
file!(
    /// `assessments.csv`
    assessments "assessments.csv" no {
        SUBJECT_KIND "subject_kind" ["soort_onderwerp"] Code, yes no;
        SUBJECT_ID "subject_id" ["onderwerp_id"] Reference, yes yes;
        FAMILY_ID "family_id" ["gezin_id", "pleeggezin_id"] Reference, no yes;
        DATE "date" ["datum"] Past, yes no;
        SCALE "scale" ["schaal"] Text, yes no;
        SCORE "score" [] Number(-1e9, 1e9), yes no;
        RATER "rater" ["beoordelaar"] Text, no yes;
        RECORDED "recorded" ["vastgelegd"] Past, no no;
    }
);
file!(
    /// `areas.csv`
    areas "areas.csv" no {
        AREA "area" ["gebied"] Id, yes yes;
        LAT "lat" ["breedtegraad"] Number(-90.0, 90.0), yes no;
        LON "lon" ["lengtegraad"] Number(-180.0, 180.0), yes no;
    }
);
file!(
    /// `requests.csv`
    requests "requests.csv" no {
        REQUEST_ID "request_id" ["aanvraag_id"] Id, yes yes;
        CHILD_ID "child_id" ["kind_id"] Reference, yes yes;
        RECEIVED "received" ["ontvangen"] Past, no no;
        NEEDED_FROM "needed_from" ["nodig_vanaf"] Date, yes no;
        GROUP "group" ["groep"] Text, no yes;
        KEEP_SIBLINGS "keep_siblings" ["broers_zussen_bijeen"] Code, no no;
        CARE_FORM "care_form" ["zorgvorm"] Code, no no;
        PERSPECTIVE "perspective" ["perspectief"] Code, no no;
        URGENCY "urgency" ["urgentie"] Count(1, 3), no no;
        MAX_DISTANCE_KM "max_distance_km" ["max_afstand_km"] Number(0.0, 20_000.0), no no;
        CONTACT_AREAS "contact_areas" ["contactgebieden"] Texts, no yes;
        AVOID_AREAS "avoid_areas" ["vermijdgebieden"] Texts, no yes;
        SECRET_ADDRESS "secret_address" ["geheim_adres"] Flag, no no;
        CLOSED "closed" ["gesloten"] Past, no no;
        OUTCOME "outcome" ["uitkomst"] Text, no yes;
        PLACED_STAY_ID "placed_stay_id" ["geplaatst_verblijf_id"] Reference, no yes;
        RECORDED "recorded" ["vastgelegd"] Past, no no;
    }
);
file!(
    /// `pairs.csv`
    pairs "pairs.csv" no {
        KIND "kind" ["soort"] Code, yes no;
        A "a" [] Reference, yes yes;
        B "b" [] Reference, yes yes;
        LANE "lane" ["van_wie"] Code, no no;
        REASON "reason" ["reden"] Text, no yes;
    }
);
file!(
    /// `offers.csv`
    offers "offers.csv" no {
        REQUEST_ID "request_id" ["aanvraag_id"] Reference, yes yes;
        FAMILY_ID "family_id" ["gezin_id", "pleeggezin_id"] Reference, yes yes;
        OFFERED "offered" ["aangeboden"] Past, yes no;
        ANSWERED "answered" ["beantwoord"] Past, no no;
        ANSWER "answer" ["antwoord"] Code, no no;
        REASON "reason" ["reden"] Text, no yes;
        RECORDED "recorded" ["vastgelegd"] Past, no no;
    }
);

/// Every file, in the order of the codebook.
pub static FILES: [&FileSpec; 10] = [
    &children::FILE,
    &families::FILE,
    &family_periods::FILE,
    &stays::FILE,
    &events::FILE,
    &assessments::FILE,
    &areas::FILE,
    &requests::FILE,
    &pairs::FILE,
    &offers::FILE,
];

/// A scale of which the range is known. Ranges only: the items of an instrument are its owner's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Its name in `assessments.csv`.
    pub name: &'static str,
    /// The least score.
    pub least: f64,
    /// The most.
    pub most: f64,
}

/// As [`scales`].
static SCALES: &[Scale] = &[
    Scale { name: "sdq_total", least: 0.0, most: 40.0 },
    Scale { name: "sdq_impact", least: 0.0, most: 10.0 },
    Scale { name: "sdq_internalising", least: 0.0, most: 20.0 },
    Scale { name: "sdq_externalising", least: 0.0, most: 20.0 },
    Scale { name: "behaviour_demand", least: 0.0, most: 10.0 },
    Scale { name: "parenting_capacity", least: 0.0, most: 10.0 },
    Scale { name: "alliance_birth_foster", least: 0.0, most: 10.0 },
    Scale { name: "other_children_wellbeing", least: 0.0, most: 10.0 },
    Scale { name: "cbcl_total_t", least: 24.0, most: 100.0 },
    Scale { name: "obvl_total", least: 34.0, most: 136.0 },
    Scale { name: "bac_total", least: 0.0, most: 40.0 },
];

/// Every scale whose range is checked. Names of one's own are kept, unchecked.
#[must_use]
pub fn scales() -> &'static [Scale] {
    SCALES
}

/// Every file of a history folder with its columns, as the codebook in `datasets/codebook.md`
/// explains them.
#[must_use]
pub fn codebook() -> &'static [&'static FileSpec] {
    &FILES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_within_a_file_in_both_languages() {
        for file in FILES {
            let mut names: Vec<&str> = file
                .columns
                .iter()
                .flat_map(|c| std::iter::once(c.name).chain(c.dutch.iter().copied()))
                .collect();
            names.sort_unstable();
            let all = names.len();
            names.dedup();
            assert_eq!(names.len(), all, "{}", file.name);
        }
    }

    #[test]
    fn a_period_has_the_changeable_columns_of_a_family_in_the_same_places() {
        let family = families::FILE.columns;
        let period = family_periods::FILE.columns;
        for (i, column) in family.iter().enumerate().skip(1) {
            assert_eq!((column.name, column.kind), (period[i].name, period[i].kind));
        }
    }
}
