//! The closed code lists of a history folder. Their spelling in files is the serde name.

/// Declares a closed code list: an enum, its spelling in files, and the list of all codes.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
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

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

codes!(
    /// Sex as registered.
    Sex { Female = "female", Male = "male", Other = "other" }
);
codes!(
    /// Where a stay is.
    Setting {
        /// With a parent.
        Home = "home",
        /// In a foster family (pleeggezin).
        Foster = "foster",
        /// In a family home (gezinshuis).
        FamilyHome = "family_home",
        /// In a residential group.
        Residential = "residential",
        /// In secure care.
        Secure = "secure",
        /// In a hospital.
        Hospital = "hospital",
        /// Living independently.
        Independent = "independent",
        /// Anywhere else.
        Other = "other",
    }
);
codes!(
    /// The kind of a foster family.
    FamilyKind {
        /// Known to the child before (netwerkpleegzorg).
        Network = "network",
        /// Recruited (bestandspleegzorg).
        General = "general",
        /// A family home (gezinshuis).
        FamilyHome = "family_home",
    }
);
codes!(
    /// How much of the time a child stays.
    CareForm {
        /// Full time.
        FullTime = "full_time",
        /// Part time: weekends, holidays (deeltijdpleegzorg).
        PartTime = "part_time",
        /// Started in a crisis.
        Crisis = "crisis",
    }
);
codes!(
    /// What the placement is for.
    Perspective {
        /// Back to the parents (hulpverleningsvariant).
        ReturnHome = "return_home",
        /// Growing up here (opvoedingsvariant).
        LongTerm = "long_term",
    }
);
codes!(
    /// The legal ground. Dutch law's words stay Dutch.
    Legal {
        /// Voluntary.
        Voluntary = "voluntary",
        /// Between voluntary and forced (drang).
        Drang = "drang",
        /// Ondertoezichtstelling.
        Ots = "ots",
        /// Guardianship by a gecertificeerde instelling (voogdij).
        GuardianshipGi = "guardianship_gi",
        /// Guardianship by a foster parent (pleegoudervoogdij).
        GuardianshipFosterParent = "guardianship_foster_parent",
    }
);
codes!(
    /// Why a stay ended.
    EndReason {
        /// Back with a parent.
        ReturnedHome = "returned_home",
        /// A move that was planned.
        PlannedMove = "planned_move",
        /// Came of age.
        CameOfAge = "came_of_age",
        /// Adoption, pleegoudervoogdij or another lasting arrangement.
        Permanence = "permanence",
        /// The carer asked, because of the child's behaviour.
        CarerBehaviour = "carer_behaviour",
        /// The carer asked, for another reason.
        CarerOther = "carer_other",
        /// The carer stopped fostering.
        CarerStopped = "carer_stopped",
        /// The child asked.
        ChildRequest = "child_request",
        /// Safety or standards of care.
        Safety = "safety",
        /// The authority decided.
        Authority = "authority",
        /// Death, emigration, custody or another cause from outside.
        External = "external",
        /// Only the registration changed.
        Administrative = "administrative",
        /// Not known.
        Unknown = "unknown",
    }
);
codes!(
    /// The kind of an event.
    EventKind {
        /// Another helper (pleegzorgbegeleider, gezinsvoogd, …).
        HelperChange = "helper_change",
        /// Another school.
        SchoolChange = "school_change",
        /// The course of the help changed.
        CourseChange = "course_change",
        /// The perspective was decided.
        PerspectiveDecision = "perspective_decision",
        /// The legal ground changed.
        LegalChange = "legal_change",
        /// The perspective changed.
        PerspectiveChange = "perspective_change",
        /// The care form changed.
        CareFormChange = "care_form_change",
        /// Siblings came or left.
        SiblingsChange = "siblings_change",
    }
);
codes!(
    /// Whom an assessment is about.
    AssessedKind {
        /// A child.
        Child = "child",
        /// A foster family.
        Family = "family",
        /// A stay.
        Stay = "stay",
        /// A child and a prospective family, in the introduction phase.
        Pair = "pair",
    }
);
codes!(
    /// Whether a foster family takes children now.
    FamilyStatus { Active = "active", Paused = "paused", Stopped = "stopped" }
);
codes!(
    /// Whether siblings stay together, and the coded exceptions.
    KeepSiblings {
        /// Together.
        Yes = "yes",
        /// One of them needs specialised care.
        SpecialisedCare = "specialised_care",
        /// One threatens another.
        Threat = "threat",
        /// Strong conflict.
        Conflict = "conflict",
        /// (Suspected) sexual abuse between them.
        SexualAbuse = "sexual_abuse",
    }
);
codes!(
    /// A coded wish or conflict between two parties.
    PairKind { Must = "must", Never = "never", NotTogether = "not_together" }
);
codes!(
    /// Whose wish it is.
    PairLane { Child = "child", Parents = "parents", Family = "family", Safety = "safety" }
);
codes!(
    /// A family's answer to an offer.
    Answer { Yes = "yes", No = "no", None = "none" }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for &reason in EndReason::ALL {
            assert_eq!(EndReason::parse(reason.code()), Some(reason));
        }
        assert_eq!(EndReason::ALL.len(), 13);
        assert_eq!(Setting::parse("FOSTER"), None);
    }
}
