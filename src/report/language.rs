//! The two languages of a page, and how each writes numbers and dates.

use crate::history::Day;
use crate::score::Lang;

impl Lang {
    /// Reads `nl` or `en`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "nl" => Some(Self::Nl),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The language's own code, for the `lang` attribute.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.of("nl", "en")
    }

    /// The text in this language. Both stand side by side in the source, so that neither can be
    /// forgotten.
    #[must_use]
    pub fn of<'a>(self, nl: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Nl => nl,
            Self::En => en,
        }
    }

    /// A number with `digits` decimals, grouped by thousands: `1.234,5` or `1,234.5`. What is not
    /// finite is a dash.
    #[must_use]
    pub fn number(self, value: f64, digits: usize) -> String {
        if !value.is_finite() {
            return "–".into();
        }
        let plain = format!("{:.digits$}", value.abs());
        let (whole, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
        let mut text = String::new();
        // A number that rounds to zero has no sign.
        if value < 0.0 && plain.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
            text.push('−');
        }
        for (k, digit) in whole.chars().enumerate() {
            if k > 0 && (whole.len() - k) % 3 == 0 {
                text.push_str(self.of(".", ","));
            }
            text.push(digit);
        }
        if !decimals.is_empty() {
            text.push_str(self.of(",", "."));
            text.push_str(decimals);
        }
        text
    }

    /// A count.
    #[must_use]
    pub fn count(self, value: usize) -> String {
        self.number(value as f64, 0)
    }

    /// A proportion as a percentage.
    #[must_use]
    pub fn percent(self, proportion: f64, digits: usize) -> String {
        if !proportion.is_finite() {
            return "–".into();
        }
        format!("{}%", self.number(100.0 * proportion, digits))
    }

    /// A p-value as tables print it: two or three decimals, `<0.001` below.
    #[must_use]
    pub fn p_value(self, p: f64) -> String {
        if !p.is_finite() {
            "–".into()
        } else if p < 0.001 {
            self.of("<0,001", "<0.001").into()
        } else if p < 0.1 {
            self.number(p, 3)
        } else if p > 0.9 {
            self.of(">0,9", ">0.9").into()
        } else {
            self.number(p, 2)
        }
    }

    /// A p-value within a sentence: `p = 0.04`, `p < 0.001`.
    #[must_use]
    pub fn p_equals(self, p: f64) -> String {
        let text = self.p_value(p);
        match text.strip_prefix(['<', '>']) {
            Some(number) => format!("p {} {number}", &text[..1]),
            None => format!("p = {text}"),
        }
    }

    /// A day in words: `31 maart 2024`.
    #[must_use]
    pub fn day(self, day: Day) -> String {
        let (year, month, date) = day.ymd();
        let names = match self {
            Self::Nl => [
                "januari",
                "februari",
                "maart",
                "april",
                "mei",
                "juni",
                "juli",
                "augustus",
                "september",
                "oktober",
                "november",
                "december",
            ],
            Self::En => [
                "January",
                "February",
                "March",
                "April",
                "May",
                "June",
                "July",
                "August",
                "September",
                "October",
                "November",
                "December",
            ],
        };
        format!("{date} {} {year}", names[(month as usize - 1).min(11)])
    }

    /// A length of time in days, to the nearest month (or week, below two months).
    #[must_use]
    pub fn duration_about(self, days: f64) -> String {
        let months = (days / crate::DAYS_PER_MONTH).round();
        if !days.is_finite() || days < 0.0 {
            return "–".into();
        }
        if months >= 2.0 {
            format!("{} {}", self.number(months, 0), self.of("maanden", "months"))
        } else {
            let weeks = (days / 7.0).floor();
            let one = (weeks - 1.0).abs() < 0.5;
            let word = if one { self.of("week", "week") } else { self.of("weken", "weeks") };
            format!("{} {word}", self.number(weeks, 0))
        }
    }

    /// A length of time in days, in months where it is close to whole months.
    #[must_use]
    pub fn duration(self, days: f64) -> String {
        let months = days / crate::DAYS_PER_MONTH;
        if (months - months.round()).abs() < 0.05 && months.round() >= 1.0 {
            let n = months.round();
            let word =
                if n <= 1.0 { self.of("maand", "month") } else { self.of("maanden", "months") };
            format!("{} {word}", self.number(n, 0))
        } else {
            format!("{} {}", self.number(days, 0), self.of("dagen", "days"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lang::{En, Nl};
    use super::*;

    #[test]
    fn numbers_follow_the_language() {
        assert_eq!(Nl.number(1_234_567.891, 1), "1.234.567,9");
        assert_eq!(En.number(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(En.number(-0.5, 2), "−0.50");
        assert_eq!(En.number(-0.001, 1), "0.0");
        assert_eq!(Nl.number(f64::NAN, 1), "–");
        assert_eq!(En.number(999.0, 0), "999");
        assert_eq!(Nl.percent(0.2914, 1), "29,1%");
    }

    #[test]
    fn p_values_never_print_zero() {
        assert_eq!(En.p_value(1e-9), "<0.001");
        assert_eq!(Nl.p_value(0.0421), "0,042");
        assert_eq!(En.p_value(0.42), "0.42");
        assert_eq!(En.p_value(0.97), ">0.9");
        assert_eq!(En.p_equals(1e-9), "p < 0.001");
        assert_eq!(Nl.p_equals(0.042), "p = 0,042");
    }

    #[test]
    fn days_and_durations_in_words() {
        let day = Day::from_ymd(2024, 3, 31).unwrap();
        assert_eq!(Nl.day(day), "31 maart 2024");
        assert_eq!(En.day(day), "31 March 2024");
        assert_eq!(Nl.duration(365.25), "12 maanden");
        assert_eq!(En.duration(crate::DAYS_PER_MONTH), "1 month");
        assert_eq!(En.duration(45.0), "45 days");
        assert_eq!(Nl.duration_about(425.0), "14 maanden");
        assert_eq!(
            (Nl.duration_about(8.0), En.duration_about(20.0)),
            ("1 week".into(), "2 weeks".into())
        );
    }
}
