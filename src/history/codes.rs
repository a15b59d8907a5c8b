//! The closed code lists of a history folder. Their spelling in files is the serde name; the
//! Dutch words beside them are accepted when reading.

/// A closed list of codes, as reading uses it.
pub(super) trait CodeList: Copy + 'static {
    /// The code of a word in either language, in lower case.
    fn read(word: &str) -> Option<Self>;
    /// Every word that is read, English and Dutch.
    fn words() -> &'static [&'static str];
}

/// Declares a closed code list: an enum, its spelling in files and in Dutch, and the list of
/// all codes.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal $(| $dutch:literal)*),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every code, in the order of the codebook.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as files spell it.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads a code as files spell it (lower case); `None` where the list has no such code.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl CodeList for $name {
            fn read(word: &str) -> Option<Self> {
                match word { $($text $(| $dutch)* => Some(Self::$variant),)+ _ => None }
            }
            fn words() -> &'static [&'static str] {
                &[$($text, $($dutch,)*)+]
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

codes!(
    /// Sex as registered.
    Sex {
        /// A girl.
        Female = "female" | "meisje" | "vrouw",
        /// A boy.
        Male = "male" | "jongen" | "man",
        /// Registered otherwise.
        Other = "other" | "anders",
    }
);
codes!(
    /// Where a stay is.
    Setting {
        /// With a parent.
        Home = "home" | "thuis",
        /// In a foster family (pleeggezin).
        Foster = "foster" | "pleeggezin",
        /// In a family home (gezinshuis).
        FamilyHome = "family_home" | "gezinshuis",
        /// In a residential group.
        Residential = "residential" | "residentieel",
        /// In secure care.
        Secure = "secure" | "gesloten",
        /// In a hospital.
        Hospital = "hospital" | "ziekenhuis",
        /// Living independently.
        Independent = "independent" | "zelfstandig",
        /// Anywhere else.
        Other = "other" | "anders",
    }
);
codes!(
    /// The kind of a foster family.
    FamilyKind {
        /// Known to the child before (netwerkpleegzorg).
        Network = "network" | "netwerk",
        /// Recruited (bestandspleegzorg).
        General = "general" | "bestand",
        /// A family home (gezinshuis).
        FamilyHome = "family_home" | "gezinshuis",
    }
);
codes!(
    /// How much of the time a child stays.
    CareForm {
        /// Full time.
        FullTime = "full_time" | "voltijd",
        /// Part time: weekends, holidays (deeltijdpleegzorg).
        PartTime = "part_time" | "deeltijd",
        /// Started in a crisis.
        Crisis = "crisis",
    }
);
codes!(
    /// What the placement is for.
    Perspective {
        /// Back to the parents (hulpverleningsvariant).
        ReturnHome = "return_home" | "hulpverleningsvariant",
        /// Growing up here (opvoedingsvariant).
        LongTerm = "long_term" | "opvoedingsvariant",
    }
);
codes!(
    /// The legal ground. Dutch law's words stay Dutch.
    Legal {
        /// Voluntary.
        Voluntary = "voluntary" | "vrijwillig",
        /// Between voluntary and forced (drang).
        Drang = "drang",
        /// Ondertoezichtstelling.
        Ots = "ots",
        /// Guardianship by a gecertificeerde instelling (voogdij).
        GuardianshipGi = "guardianship_gi" | "voogdij_gi",
        /// Guardianship by a foster parent (pleegoudervoogdij).
        GuardianshipFosterParent = "guardianship_foster_parent" | "pleegoudervoogdij",
    }
);
codes!(
    /// Why a stay ended.
    EndReason {
        /// Back with a parent.
        ReturnedHome = "returned_home" | "terug_naar_huis",
        /// A move that was planned.
        PlannedMove = "planned_move" | "geplande_overplaatsing",
        /// Came of age.
        CameOfAge = "came_of_age" | "meerderjarig",
        /// Adoption, pleegoudervoogdij or another lasting arrangement.
        Permanence = "permanence" | "blijvend_geregeld",
        /// The carer asked, because of the child's behaviour.
        CarerBehaviour = "carer_behaviour" | "pleegouder_gedrag",
        /// The carer asked, for another reason.
        CarerOther = "carer_other" | "pleegouder_anders",
        /// The carer stopped fostering.
        CarerStopped = "carer_stopped" | "pleegouder_gestopt",
        /// The child asked.
        ChildRequest = "child_request" | "verzoek_kind",
        /// Safety or standards of care.
        Safety = "safety" | "veiligheid",
        /// The authority decided.
        Authority = "authority" | "instelling",
        /// Death, emigration, custody or another cause from outside.
        External = "external" | "extern",
        /// Only the registration changed.
        Administrative = "administrative" | "administratief",
        /// Not known.
        Unknown = "unknown" | "onbekend",
    }
);
codes!(
    /// The kind of an event.
    EventKind {
        /// Another helper (pleegzorgbegeleider, gezinsvoogd, …).
        HelperChange = "helper_change" | "wisseling_hulpverlener",
        /// Another school.
        SchoolChange = "school_change" | "schoolwisseling",
        /// The course of the help changed.
        CourseChange = "course_change" | "trajectwisseling",
        /// The perspective was decided.
        PerspectiveDecision = "perspective_decision" | "perspectiefbesluit",
        /// The legal ground changed.
        LegalChange = "legal_change" | "wijziging_juridisch",
        /// The perspective changed.
        PerspectiveChange = "perspective_change" | "wijziging_perspectief",
        /// The care form changed.
        CareFormChange = "care_form_change" | "wijziging_zorgvorm",
        /// Siblings came or left.
        SiblingsChange = "siblings_change" | "wijziging_broers_zussen",
    }
);
codes!(
    /// Whom an assessment is about.
    AssessedKind {
        /// A child.
        Child = "child" | "kind",
        /// A foster family.
        Family = "family" | "gezin",
        /// A stay.
        Stay = "stay" | "verblijf",
        /// A child and a prospective family, in the introduction phase.
        Pair = "pair" | "paar",
    }
);
codes!(
    /// Whether a foster family takes children now.
    FamilyStatus {
        /// It does.
        Active = "active" | "actief",
        /// Not for the time being.
        Paused = "paused" | "gepauzeerd",
        /// Not any more.
        Stopped = "stopped" | "gestopt",
    }
);
codes!(
    /// Whether siblings stay together, and the coded exceptions.
    KeepSiblings {
        /// Together.
        Yes = "yes" | "ja",
        /// One of them needs specialised care.
        SpecialisedCare = "specialised_care" | "gespecialiseerde_zorg",
        /// One threatens another.
        Threat = "threat" | "bedreiging",
        /// Strong conflict.
        Conflict = "conflict",
        /// (Suspected) sexual abuse between them.
        SexualAbuse = "sexual_abuse" | "seksueel_misbruik",
    }
);
codes!(
    /// A coded wish or conflict between two parties.
    PairKind {
        /// These two, and no others.
        Must = "must" | "moet",
        /// Never these two.
        Never = "never" | "nooit",
        /// Not in one family at the same time.
        NotTogether = "not_together" | "niet_samen",
    }
);
codes!(
    /// Whose wish it is.
    PairLane {
        /// The child's.
        Child = "child" | "kind",
        /// The parents'.
        Parents = "parents" | "ouders",
        /// The foster family's.
        Family = "family" | "gezin",
        /// Nobody's: safety asks it.
        Safety = "safety" | "veiligheid",
    }
);
codes!(
    /// A family's answer to an offer.
    Answer {
        /// Accepted.
        Yes = "yes" | "ja",
        /// Declined.
        No = "no" | "nee",
        /// The family did not answer.
        None = "none" | "geen",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for &reason in EndReason::ALL {
            assert_eq!(EndReason::parse(reason.code()), Some(reason));
            assert_eq!(EndReason::read(reason.code()), Some(reason));
        }
        assert_eq!(EndReason::ALL.len(), 13);
        assert_eq!(Setting::parse("FOSTER"), None);
        // Dutch words are read from files, but are not codes.
        assert_eq!(Setting::parse("gezinshuis"), None);
        assert_eq!(Setting::read("gezinshuis"), Some(Setting::FamilyHome));
    }
}
