//! Spans of time in a study file: "6 months", "2 years", or a bare number.

use crate::DAYS_PER_MONTH;

/// A span of time as a study file says it.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// As written, for tables and reports.
    pub label: String,
    /// Its length: in days, or for a bare number in the data's own unit of time.
    pub length: f64,
    /// Whether a unit was written, so that the length is in days.
    pub in_days: bool,
}

impl Span {
    /// Reads `6 months`, `1 year`, `2 weeks`, `90 days` or a bare number. A month is
    /// 365.25 / 12 days, a year 365.25.
    ///
    /// # Errors
    /// What is wrong with the text, for a message.
    ///
    /// ```
    /// use pleegzorg::model::Span;
    /// assert_eq!(Span::parse("6 months")?.length, 182.625);
    /// assert!(Span::parse("half a year").is_err());
    /// # Ok::<(), String>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text
            .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '+' || c == '-'))
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let wrong = || format!("{text:?} is not a span of time like \"6 months\" or \"90 days\"");
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let factor = match unit.trim() {
            "" => None,
            "day" | "days" => Some(1.0),
            "week" | "weeks" => Some(7.0),
            "month" | "months" => Some(DAYS_PER_MONTH),
            "year" | "years" => Some(12.0 * DAYS_PER_MONTH),
            _ => return Err(wrong()),
        };
        Self::new(text.into(), number, factor)
    }

    /// A bare number.
    ///
    /// # Errors
    /// Where it is not above zero and finite.
    pub fn number(value: f64) -> Result<Self, String> {
        Self::new(value.to_string(), value, None)
    }

    fn new(label: String, number: f64, factor: Option<f64>) -> Result<Self, String> {
        let length = number * factor.unwrap_or(1.0);
        if !length.is_finite() || length <= 0.0 {
            return Err(format!("{label:?} is not above zero"));
        }
        Ok(Self { label, length, in_days: factor.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_have_their_lengths() {
        let days = |text: &str| Span::parse(text).unwrap().length;
        assert_eq!(days("12 months"), 365.25);
        assert_eq!(days("1 year"), 365.25);
        assert_eq!(days("2 weeks"), 14.0);
        assert_eq!(days(" 90days "), 90.0);
        assert!(!Span::parse("52").unwrap().in_days);
        assert_eq!(Span::number(52.0).unwrap().label, "52");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "months", "0 months", "-3 days", "1e3 days", "6 moons", "1e999", "nan"] {
            assert!(Span::parse(text).is_err(), "{text}");
        }
        assert!(Span::number(f64::NAN).is_err());
    }
}
