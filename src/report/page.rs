//! The page around the sections: one file, no script, nothing from outside.

use sha2::{Digest, Sha256};

use super::disclose::Audience;
use super::html::Html;
use crate::score::{Lang, Note};

/// The style sheet of every page.
const STYLE: &str = include_str!("style.css");

/// For whom and how a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageOptions {
    /// The language of the text.
    pub language: Lang,
    /// Who may read it.
    pub audience: Audience,
}

/// A fact on the first screen: what it is, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The conclusion on the first screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// In a few words.
    pub word: String,
    /// Why, and what follows, in sentences.
    pub why: Vec<String>,
}

/// A part of the page, reached from its table of contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Unique on the page; letters, digits and dashes.
    pub id: &'static str,
    /// Its heading.
    pub heading: String,
    /// What stands below the heading.
    pub body: Html,
}

/// A page before it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// For whom and how.
    pub options: PageOptions,
    /// What kind of page it is: `evaluation`, `candidates`, ….
    pub kind: String,
    /// Its title.
    pub title: String,
    /// What it is, in one or two sentences.
    pub what: String,
    /// What must be read before anything else: set where a model is used for research only.
    pub banner: Option<Note>,
    /// The conclusion, where there is one.
    pub conclusion: Option<Conclusion>,
    /// The facts of the first screen.
    pub facts: Vec<Fact>,
    /// The sections.
    pub sections: Vec<Section>,
    /// What made the numbers: version, seed, digest of the model.
    pub made_with: Vec<String>,
}

impl Page {
    /// The page as a file. The same page gives the same bytes.
    #[must_use]
    pub fn render(&self) -> String {
        let language = self.options.language;
        let mut h = Html::new();
        h.verbatim("<!DOCTYPE html>\n");
        h.within("html", &[("lang", language.code())], |h| {
            h.within("head", &[], |h| self.write_head(h));
            h.within("body", &[], |h| {
                let skip = language.of("Naar de inhoud", "Skip to content");
                h.leaf("a", &[("class", "skip"), ("href", "#content")], skip);
                h.within("header", &[], |h| {
                    h.within("div", &[], |h| {
                        h.leaf("p", &[("class", "kind")], &format!("pleegzorg · {}", self.kind));
                        h.leaf("h1", &[], &self.title);
                        h.leaf("p", &[("class", "what")], &self.what);
                    });
                });
                h.within("main", &[("id", "content")], |h| self.write_main(h));
                h.within("footer", &[], |h| {
                    h.within("div", &[], |h| self.write_footer(h));
                });
            });
        });
        h.into_string()
    }

    fn write_head(&self, h: &mut Html) {
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
            base64(&Sha256::digest(STYLE.as_bytes())),
        );
        h.empty("meta", &[("charset", "utf-8")]);
        h.empty("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]);
        h.empty(
            "meta",
            &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")],
        );
        h.empty("meta", &[("name", "referrer"), ("content", "no-referrer")]);
        h.empty("meta", &[("name", "robots"), ("content", "noindex")]);
        h.leaf("title", &[], &self.title);
        h.within("style", &[], |h| h.verbatim(STYLE));
    }

    fn write_main(&self, h: &mut Html) {
        let language = self.options.language;
        if let Some(banner) = &self.banner {
            h.within("div", &[("class", "banner"), ("role", "note")], |h| {
                h.within("p", &[], |h| {
                    let word = language.of("Alleen voor onderzoek", "For research only");
                    h.leaf("strong", &[], word);
                    h.text(banner.text(language));
                });
            });
        }
        if let Some(conclusion) = &self.conclusion {
            h.within("div", &[("class", "verdict")], |h| {
                h.leaf("p", &[("class", "word")], &conclusion.word);
                for sentence in &conclusion.why {
                    h.leaf("p", &[], sentence);
                }
            });
        }
        if !self.facts.is_empty() {
            h.within("div", &[("class", "facts")], |h| {
                h.within("dl", &[], |h| {
                    for fact in &self.facts {
                        let long = if fact.value.chars().count() > 14 { "long" } else { "short" };
                        h.within("div", &[], |h| {
                            h.leaf("dt", &[], &fact.name);
                            h.leaf("dd", &[("class", long)], &fact.value);
                        });
                    }
                });
            });
        }
        let sections: Vec<&Section> = self.sections.iter().filter(|s| !s.body.is_empty()).collect();
        if sections.len() > 1 {
            let name = language.of("Inhoud", "Contents");
            h.within("nav", &[("aria-label", name)], |h| {
                h.within("ol", &[], |h| {
                    for section in &sections {
                        h.within("li", &[], |h| {
                            let target = format!("#{}", section.id);
                            h.leaf("a", &[("href", &target)], &section.heading);
                        });
                    }
                });
            });
        }
        for section in sections {
            let heading = format!("{}-h", section.id);
            h.within("section", &[("id", section.id), ("aria-labelledby", &heading)], |h| {
                h.leaf("h2", &[("id", &heading)], &section.heading);
                h.append(&section.body);
            });
        }
    }

    fn write_footer(&self, h: &mut Html) {
        let language = self.options.language;
        let audience = match self.options.audience {
            Audience::Internal => language.of(
                "Intern: dit blad kan gegevens bevatten die tot kinderen en gezinnen te herleiden \
                 zijn. Niet delen.",
                "Internal: this page may hold data that can be traced to children and families. Do \
                 not share.",
            ),
            Audience::Share => language.of(
                "Om te delen: zonder rijen en kenmerken van kinderen of gezinnen, aantallen onder \
                 10 verborgen, curven per maand.",
                "To share: without rows or ids of children or families, counts under 10 hidden, \
                 curves by month.",
            ),
        };
        h.leaf("p", &[], audience);
        for line in &self.made_with {
            h.leaf("p", &[], line);
        }
    }
}

/// Standard base64 with padding (RFC 4648 §4), as content security policies want their digests.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0u32, |g, &b| (g << 8) | u32::from(b)) << (8 * (3 - chunk.len()));
        for k in 0..4 {
            if k <= chunk.len() {
                out.push(char::from(ALPHABET[(group >> (18 - 6 * k)) as usize & 63]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_standard() {
        // RFC 4648 §10.
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, coded) in cases {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn a_hostile_title_stays_text() {
        let page = Page {
            options: PageOptions::default(),
            kind: "k".into(),
            title: "</title><script>alert(1)</script>".into(),
            what: "\"><img src=x onerror=alert(1)>".into(),
            banner: None,
            conclusion: None,
            facts: Vec::new(),
            sections: Vec::new(),
            made_with: Vec::new(),
        };
        let text = page.render();
        assert!(!text.contains("<script") && !text.contains("<img"));
        assert_eq!(text, page.render());
    }
}
