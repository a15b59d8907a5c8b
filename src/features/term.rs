//! Terms: what a study file writes under `terms`.

use std::fmt;
use std::str::FromStr;

use super::error::FeatureError;

/// One factor of a term's product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// `column`: its numbers; a column of words is taken as `factor(column)`.
    Column(String),
    /// `factor(column)`: a 0/1 column per level but the first in sorted order.
    Factor(String),
    /// `log(column)`: the natural logarithm.
    Log(String),
    /// `ns(column, df)`: a natural cubic spline with `df` columns (Hastie 1992; R's
    /// `splines::ns`).
    Spline(String, u32),
}

/// A term: one part, or the product of several (`a:b`, an interaction).
///
/// ```
/// use pleegzorg::features::Term;
/// let term: Term = "ns(age,3) : factor(family_kind)".parse()?;
/// assert_eq!(term.to_string(), "ns(age, 3):factor(family_kind)");
/// assert_eq!(term.columns().collect::<Vec<_>>(), ["age", "family_kind"]);
/// # Ok::<(), pleegzorg::features::FeatureError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    parts: Vec<Part>,
}

impl Part {
    /// The column that it reads.
    #[must_use]
    pub fn column(&self) -> &str {
        match self {
            Self::Column(c) | Self::Factor(c) | Self::Log(c) | Self::Spline(c, _) => c,
        }
    }
}

impl Term {
    /// The parts of the product, at least one.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The columns that it reads, in the order of its parts.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(Part::column)
    }

    /// Whether it is a product of several parts.
    #[must_use]
    pub fn is_interaction(&self) -> bool {
        self.parts.len() > 1
    }

    /// Reads each of a list of terms.
    ///
    /// # Errors
    /// [`FeatureError::Syntax`], [`FeatureError::Twice`].
    pub fn parse_all<S: AsRef<str>>(texts: &[S]) -> Result<Vec<Self>, FeatureError> {
        let mut terms: Vec<Self> = Vec::with_capacity(texts.len());
        for text in texts {
            let term: Self = text.as_ref().parse()?;
            if terms.iter().any(|t| t.same_parts(&term)) {
                return Err(FeatureError::Twice { name: term.to_string() });
            }
            terms.push(term);
        }
        Ok(terms)
    }

    /// Whether two terms are products of the same parts, in any order.
    pub(super) fn same_parts(&self, other: &Self) -> bool {
        let sorted = |t: &Self| {
            let mut parts = t.parts.clone();
            parts.sort();
            parts
        };
        sorted(self) == sorted(other)
    }
}

/// A name, between backticks where it would not read back.
fn write_name(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    if name.contains(['(', ')', ',', ':']) || name.trim() != name {
        write!(f, "`{name}`")
    } else {
        f.write_str(name)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wrapped = |f: &mut fmt::Formatter<'_>, head: &str, name: &str| {
            f.write_str(head)?;
            write_name(f, name)
        };
        match self {
            Self::Column(c) => write_name(f, c),
            Self::Factor(c) => wrapped(f, "factor(", c).and_then(|()| f.write_str(")")),
            Self::Log(c) => wrapped(f, "log(", c).and_then(|()| f.write_str(")")),
            Self::Spline(c, df) => wrapped(f, "ns(", c).and_then(|()| write!(f, ", {df})")),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (k, part) in self.parts.iter().enumerate() {
            if k > 0 {
                f.write_str(":")?;
            }
            part.fmt(f)?;
        }
        Ok(())
    }
}

impl FromStr for Term {
    type Err = FeatureError;

    fn from_str(text: &str) -> Result<Self, FeatureError> {
        let bad = |why: &str| FeatureError::Syntax { term: text.to_owned(), why: why.to_owned() };
        let mut parts: Vec<Part> = Vec::new();
        for piece in split(text, ':').map_err(bad)? {
            let part = read_part(piece).map_err(|why| bad(&why))?;
            if parts.contains(&part) {
                return Err(bad("a part stands in it twice"));
            }
            parts.push(part);
        }
        Ok(Self { parts })
    }
}

/// Splits at a mark that stands outside brackets and backticks.
fn split(text: &str, mark: char) -> Result<Vec<&str>, &'static str> {
    let (mut depth, mut quoted, mut from) = (0i32, false, 0);
    let mut pieces = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '`' => quoted = !quoted,
            _ if quoted => {}
            '(' => depth += 1,
            ')' => depth -= 1,
            c if c == mark && depth == 0 => {
                pieces.push(&text[from..at]);
                from = at + c.len_utf8();
            }
            _ => {}
        }
        if depth < 0 {
            return Err("a bracket is closed that was not opened");
        }
    }
    if quoted {
        return Err("a backtick is not closed");
    }
    if depth > 0 {
        return Err("a bracket is not closed");
    }
    pieces.push(&text[from..]);
    Ok(pieces)
}

fn read_part(piece: &str) -> Result<Part, String> {
    let piece = piece.trim();
    let call = (!piece.starts_with('`')).then(|| piece.split_once('(')).flatten();
    let Some((function, rest)) = call else { return read_name(piece).map(Part::Column) };
    let inner = rest.strip_suffix(')').ok_or("something stands behind the closing bracket")?;
    let arguments = split(inner, ',')?;
    match (function.trim(), &arguments[..]) {
        ("factor", [c]) => read_name(c).map(Part::Factor),
        ("log", [c]) => read_name(c).map(Part::Log),
        ("ns", [c, df]) => {
            let df = df.trim();
            let df = df.strip_prefix("df").map_or(df, |d| d.trim().trim_start_matches('=').trim());
            match df.parse() {
                Ok(df @ 1..=20) => read_name(c).map(|c| Part::Spline(c, df)),
                _ => Err("the df of ns(column, df) is a whole number from 1 to 20".to_owned()),
            }
        }
        ("factor" | "log", _) => Err(format!("{} takes one column", function.trim())),
        ("ns", _) => Err("ns takes a column and a number: ns(column, df)".to_owned()),
        (other, _) => Err(format!("there is no function {other}; there are factor, log and ns")),
    }
}

fn read_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    let name = match text.strip_prefix('`') {
        Some(rest) => rest.strip_suffix('`').filter(|name| !name.contains('`')),
        None => (!text.contains(['(', ')', ',', ':', '`'])).then_some(text),
    };
    match name {
        Some("") => Err("a column has no name".to_owned()),
        Some(name) => Ok(name.to_owned()),
        None => Err("a name with one of ( ) , : in it stands between backticks".to_owned()),
    }
}

impl serde::Serialize for Term {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Term {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_and_writes_it_back() {
        for (text, parts) in [
            ("age", vec![Part::Column("age".into())]),
            (" log( bili ) ", vec![Part::Log("bili".into())]),
            ("ns(age,df = 4)", vec![Part::Spline("age".into(), 4)]),
            ("a:factor(b)", vec![Part::Column("a".into()), Part::Factor("b".into())]),
            ("`wt (kg): net`", vec![Part::Column("wt (kg): net".into())]),
            ("log(`a,b`):c d", vec![Part::Log("a,b".into()), Part::Column("c d".into())]),
        ] {
            let term: Term = text.parse().unwrap();
            assert_eq!(term.parts(), parts, "{text}");
            assert_eq!(term.to_string().parse::<Term>().unwrap(), term, "{text}");
            let json = serde_json::to_string(&term).unwrap();
            assert_eq!(serde_json::from_str::<Term>(&json).unwrap(), term);
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error_with_a_reason() {
        for text in [
            "",
            ":",
            "a:",
            "a::b",
            "log()",
            "log(a",
            "log a)",
            "log(a))",
            "ns(age)",
            "ns(age, 0)",
            "ns(age, 21)",
            "ns(age, x)",
            "poly(age, 2)",
            "factor(a, b)",
            "a:a",
            "`a",
            "a`b`",
            "log(log(a))",
            "(a)",
            "log(a)b",
        ] {
            let error = text.parse::<Term>().unwrap_err();
            assert!(matches!(error, FeatureError::Syntax { .. }), "{text}: {error}");
        }
        let twice = Term::parse_all(&["a:b", "b:a"]).unwrap_err();
        assert_eq!(twice, FeatureError::Twice { name: "b:a".into() });
    }
}
