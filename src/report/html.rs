//! A writer of HTML and SVG in which tags cannot be left open and text cannot be left unescaped.

/// HTML under construction. Elements are written by [`Html::within`] and [`Html::leaf`], which
/// close what they open; all text and all attribute values are escaped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Html {
    out: String,
}

/// Attributes of an element. Names are ours; values may be anybody's.
pub type Attributes<'a> = &'a [(&'static str, &'a str)];

impl Html {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An element and what `body` writes into it.
    pub fn within(
        &mut self,
        tag: &'static str,
        attributes: Attributes<'_>,
        body: impl FnOnce(&mut Self),
    ) {
        self.open(tag, attributes);
        self.out.push('>');
        body(self);
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
        if is_block(tag) {
            self.out.push('\n');
        }
    }

    /// An element that holds only text.
    pub fn leaf(&mut self, tag: &'static str, attributes: Attributes<'_>, text: &str) {
        self.within(tag, attributes, |h| h.text(text));
    }

    /// An element without content: `<br>` and `<meta>` in HTML, shapes in SVG.
    pub fn empty(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.open(tag, attributes);
        self.out.push_str("/>");
        if is_block(tag) {
            self.out.push('\n');
        }
    }

    /// Text, escaped.
    pub fn text(&mut self, text: &str) {
        escape_into(&mut self.out, text);
    }

    /// Another piece of HTML, as it is.
    pub fn append(&mut self, piece: &Self) {
        self.out.push_str(&piece.out);
    }

    /// A style sheet or document type of our own, as it is. Never for text from outside.
    pub(super) fn verbatim(&mut self, own: &'static str) {
        self.out.push_str(own);
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// What was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.out
    }

    /// What was written.
    #[must_use]
    pub fn into_string(self) -> String {
        self.out
    }

    fn open(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            escape_into(&mut self.out, value);
            self.out.push('"');
        }
    }
}

/// Tags after which a line ends, so that the source of a page can be read.
fn is_block(tag: &str) -> bool {
    matches!(
        tag,
        "html"
            | "head"
            | "body"
            | "header"
            | "main"
            | "footer"
            | "nav"
            | "section"
            | "article"
            | "div"
            | "figure"
            | "figcaption"
            | "table"
            | "thead"
            | "tbody"
            | "tr"
            | "ul"
            | "ol"
            | "li"
            | "dl"
            | "p"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "meta"
            | "title"
            | "style"
            | "details"
            | "summary"
            | "svg"
            | "g"
            | "path"
            | "rect"
            | "line"
            | "circle"
    )
}

/// Escapes for text and for attribute values alike. Control characters, which no browser shows,
/// and the marks that turn the direction of writing, which can make a label read as another,
/// become U+FFFD.
fn escape_into(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(' '),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped() {
        let mut h = Html::new();
        h.leaf("p", &[("title", "\" onclick='x'")], "<script>alert(1)</script> & \u{202e}abc\u{0}");
        assert_eq!(
            h.as_str(),
            "<p title=\"&quot; onclick=&#39;x&#39;\">&lt;script&gt;alert(1)&lt;/script&gt; &amp; \u{fffd}abc\u{fffd}</p>\n"
        );
    }

    #[test]
    fn elements_close_in_order() {
        let mut h = Html::new();
        h.within("ul", &[], |h| {
            h.leaf("li", &[], "a");
            h.empty("br", &[]);
        });
        assert_eq!(h.as_str(), "<ul><li>a</li>\n<br/></ul>\n");
    }
}
