//! `--set model.kind=weibull`: one key of the study, overridden.

use toml::{Table, Value};

use super::error::StudyError;

/// Applies one assignment. The value is read as TOML, else taken as text as it stands; a number
/// in the key chooses from a list of tables (`compare.0.kind=forest`).
pub(super) fn apply(table: &mut Table, assignment: &str) -> Result<(), StudyError> {
    let wrong =
        |what: &str| StudyError::Set { assignment: assignment.into(), what: what.to_owned() };
    let (key, value) = assignment.split_once('=').ok_or_else(|| wrong("must be key=value"))?;
    let mut parts: Vec<&str> = key.trim().split('.').map(str::trim).collect();
    if parts.iter().any(|p| p.is_empty()) {
        return Err(wrong("the key has an empty part"));
    }
    let last = parts.pop().unwrap_or_default();
    let mut here = table;
    let mut parts = parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        let next = here.entry(part).or_insert_with(|| Value::Table(Table::new()));
        here = match next {
            Value::Table(inner) => inner,
            Value::Array(list) => {
                let at = parts.next().and_then(|n| n.parse::<usize>().ok());
                let entry = at.and_then(|n| list.get_mut(n)).and_then(Value::as_table_mut);
                entry
                    .ok_or_else(|| wrong(&format!("{part} needs the number of an entry it has")))?
            }
            _ => return Err(wrong(&format!("{part} is a value and has no keys"))),
        };
    }
    here.insert(last.to_owned(), read(value));
    Ok(())
}

/// A TOML value, or the bare text.
fn read(text: &str) -> Value {
    let text = text.trim();
    // A newline would smuggle in other keys.
    let parsed = if text.contains('\n') { None } else { format!("v = {text}").parse().ok() };
    parsed.and_then(|mut t: Table| t.remove("v")).unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: &str, assignment: &str) -> Result<String, StudyError> {
        let mut table: Table = toml::from_str(start).unwrap();
        apply(&mut table, assignment)?;
        Ok(toml::to_string(&table).unwrap())
    }

    #[test]
    fn values_are_toml_or_bare_text() {
        assert_eq!(after("", "model.kind=weibull").unwrap(), "[model]\nkind = \"weibull\"\n");
        assert_eq!(after("seed = 1", "seed=7").unwrap(), "seed = 7\n");
        assert_eq!(
            after("", "features.terms=[\"age\", \"fin\"]").unwrap(),
            "[features]\nterms = [\"age\", \"fin\"]\n"
        );
        // An equals sign inside the value stays there.
        assert_eq!(after("", "title=a=b").unwrap(), "title = \"a=b\"\n");
    }

    #[test]
    fn an_entry_of_a_list_is_chosen_by_number() {
        let start = "[[compare]]\nname = \"a\"\nkind = \"cox\"\n";
        assert!(after(start, "compare.0.kind=forest").unwrap().contains("kind = \"forest\""));
        assert!(after(start, "compare.1.kind=forest").is_err());
        assert!(after(start, "compare.kind=forest").is_err());
    }

    #[test]
    fn nonsense_is_refused() {
        for assignment in ["model.kind", "=x", "a..b=1", ".a=1"] {
            assert!(matches!(after("", assignment), Err(StudyError::Set { .. })), "{assignment}");
        }
        assert!(after("seed = 1", "seed.x=1").is_err());
    }
}
