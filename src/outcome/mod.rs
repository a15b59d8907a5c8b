//! What counts as breakdown: named definitions turn stays into spells (entry, exit, cause).
//!
//! A [`Definition`] says which ends are a breakdown and what a spell is. [`placements`] joins
//! the stays of one child that are one placement (a registration that was only split, a short
//! absence), as far as was known on a day; [`spells`] makes of them what the statistics see:
//! time in days since the start, late entry where the child was in care before the records
//! begin, and an end by one of six competing [`Cause`]s or none.
//!
//! ```
//! use pleegzorg::outcome::{Cause, Definition};
//! use pleegzorg::history::EndReason;
//! let formal = Definition::named("unplanned-unwanted")?;
//! assert_eq!(formal.cause(Some(EndReason::CarerBehaviour), None, None), Cause::Breakdown);
//! // The flags decide: this end was planned.
//! assert_eq!(formal.cause(Some(EndReason::CarerBehaviour), Some(true), None), Cause::PlannedMove);
//! # Ok::<(), pleegzorg::outcome::OutcomeError>(())
//! ```

mod cause;
mod child;
mod definition;
mod error;
mod placement;
mod return_home;
mod spell;
mod table;

pub use cause::Cause;
pub use definition::{Definition, DefinitionName, Overrides, Rule, Unit, UnknownEnds};
pub use error::OutcomeError;
pub use placement::{Known, Placement, PlacementBuilder, placements};
pub use spell::{Spell, Tally, spells, spells_and_tally, to_outcome};
pub use table::TableRow;
