//! Tables, SVG and HTML: pages that work from disk, without scripts and without outside addresses.
//!
//! The pictures take plain numbers ([`Curve`], [`ForestRow`], [`CalibrationPicture`],
//! [`DotRisk`]) and know nothing of models; sections are built from the answers of the other
//! rooms; a [`Page`] holds them together. All text is escaped by [`Html`], the only writer.
//! What a page may show to whom is decided in one place, by [`Audience`].

mod calibration;
mod curves;
mod decision;
mod disclose;
mod dots;
mod forest;
mod html;
mod language;
mod page;
mod pages;
mod sections;
mod stability;
mod svg;
mod table;
mod tripod;
mod words;

pub use calibration::{CalibrationMark, CalibrationPicture, Spread};
pub use curves::{Curve, CurvePicture, TimeUnit};
pub use decision::{DecisionPicture, DecisionPoint};
pub use disclose::{Audience, CurvePoint, SMALLEST_COUNT, on_grid};
pub use dots::{DotRisk, OfHundred};
pub use forest::{ForestPicture, ForestRow, Ratio};
pub use html::{Attributes, Html};
pub use page::{Conclusion, Fact, Page, PageOptions, Section};
pub use pages::{
    About, Demo, demo_page, describe_page, evaluate_page, match_page, score_page, train_page,
};
pub use sections::BaseRate;
pub use stability::{StabilityMark, StabilityPicture};
pub use table::{Row, RowKind, Table};
pub use tripod::{Card, Item, Told};
