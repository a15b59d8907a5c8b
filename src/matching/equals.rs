//! Which candidates of a request the data cannot tell apart from one of them. With hundreds of
//! candidates nearly all pairs may be alike: names are kept once, and a bit per pair.

use std::sync::Arc;

use serde::ser::{SerializeSeq, Serializer};

/// A set of the candidates of a request, by their ids in order.
#[derive(Clone)]
pub struct Equals {
    /// The ids of all candidates of the request, in order.
    names: Arc<[String]>,
    bits: Vec<u64>,
}

impl Equals {
    /// Those of `names` (in order) for which `is_in` holds at their position.
    pub(super) fn of(names: &Arc<[String]>, is_in: impl Fn(usize) -> bool) -> Self {
        let mut bits = vec![0; names.len().div_ceil(64)];
        for k in (0..names.len()).filter(|&k| is_in(k)) {
            bits[k / 64] |= 1 << (k % 64);
        }
        Self { names: Arc::clone(names), bits }
    }

    fn has(&self, k: usize) -> bool {
        self.bits[k / 64] >> (k % 64) & 1 == 1
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bits.iter().map(|b| b.count_ones() as usize).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bits.iter().all(|&b| b == 0)
    }

    /// Their ids, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.names.len()).filter(|&k| self.has(k)).map(|k| self.names[k].as_str())
    }

    /// Whether a family is among them.
    #[must_use]
    pub fn contains(&self, family: &str) -> bool {
        self.names.binary_search_by(|n| n.as_str().cmp(family)).is_ok_and(|k| self.has(k))
    }

    /// Their ids, with commas between them.
    #[must_use]
    pub fn listed(&self) -> String {
        self.iter().collect::<Vec<_>>().join(", ")
    }
}

/// All of these ids, each once.
impl<'a> FromIterator<&'a str> for Equals {
    fn from_iter<I: IntoIterator<Item = &'a str>>(ids: I) -> Self {
        let mut names: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        names.sort();
        names.dedup();
        Self::of(&names.into(), |_| true)
    }
}

impl serde::Serialize for Equals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_seq(Some(self.len()))?;
        self.iter().try_for_each(|id| out.serialize_element(id))?;
        out.end()
    }
}

impl PartialEq for Equals {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl std::fmt::Debug for Equals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_says_who_is_in_it() {
        let names: Arc<[String]> = (0..130).map(|k| format!("f{k:03}")).collect();
        let set = Equals::of(&names, |k| k % 50 == 3);
        assert_eq!(set.iter().collect::<Vec<_>>(), ["f003", "f053", "f103"]);
        assert_eq!((set.len(), set.is_empty()), (3, false));
        assert!(set.contains("f053") && !set.contains("f054") && !set.contains("x"));
        assert_eq!(set.listed(), "f003, f053, f103");
        assert_eq!(serde_json::to_string(&set).unwrap(), r#"["f003","f053","f103"]"#);
        let same: Equals = ["f103", "f003", "f053", "f003"].into_iter().collect();
        assert_eq!(set, same);
        assert_ne!(set, Equals::of(&names, |k| k == 3));
        assert!(Equals::of(&names, |_| false).is_empty());
        assert!([].into_iter().collect::<Equals>().is_empty());
    }
}
