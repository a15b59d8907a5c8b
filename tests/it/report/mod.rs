//! The pages: well formed, self-contained, the same bytes each time, and careful with what they tell.

mod fixture;

use fixture::{about, demo, described_by, evaluated, matched, scored, trained};
use pleegzorg::model::Verdict;
use pleegzorg::report::{
    Audience, PageOptions, describe_page, evaluate_page, match_page, score_page, train_page,
};
use pleegzorg::score::Lang;

const HOSTILE: &str = "\"><script>alert('x')</script><img src=x onerror=alert(1)>";

fn options(language: Lang, audience: Audience) -> PageOptions {
    PageOptions { language, audience }
}

fn each_option() -> impl Iterator<Item = PageOptions> {
    [Lang::Nl, Lang::En].into_iter().flat_map(|language| {
        [Audience::Internal, Audience::Share].map(|audience| options(language, audience))
    })
}

/// Every page with these options.
fn pages(o: PageOptions) -> Vec<(&'static str, String)> {
    let by = described_by(["network", "general", HOSTILE]);
    let base = |_: f64| Some(0.131);
    let mut study = about();
    study.title = HOSTILE.into();
    vec![
        ("demo", demo(o, HOSTILE).render()),
        ("describe", describe_page(&by, "breakdown", Some("family_kind"), &study, o).render()),
        ("train", train_page(&trained(), &study, o).render()),
        ("evaluate", evaluate_page(&evaluated(Verdict::Usable), &study, o).render()),
        ("score", score_page(&scored(HOSTILE, true), &base, &study, o).render()),
        ("match", match_page(&matched(HOSTILE), &study, o).render()),
    ]
}

/// Reads tags as a strict parser would: every element closed in order, attributes quoted, no raw
/// `<` or `>` in text, ids unique. Returns the ids.
fn parse(html: &str) -> Vec<String> {
    let (mut rest, mut open, mut ids) = (html, Vec::new(), Vec::new());
    while let Some(at) = rest.find('<') {
        assert!(!rest[..at].contains('>') || open.last() == Some(&"style"), "raw > in text");
        rest = &rest[at + 1..];
        if let Some(tail) = rest.strip_prefix("!DOCTYPE html>") {
            rest = tail;
            continue;
        }
        // The end of the tag: the first > outside quotes.
        let mut quoted = false;
        let end = rest
            .char_indices()
            .find(|&(_, c)| {
                quoted ^= c == '"';
                c == '>' && !quoted
            })
            .expect("a tag ends")
            .0;
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        assert!(!tag.contains('<'), "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closes in order");
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap();
        for attribute in tag.split("\" ").skip(1) {
            assert!(attribute.contains("=\"") || attribute == "/", "{tag}");
        }
        if let Some((_, id)) = tag.split_once(" id=\"") {
            ids.push(id.split('"').next().unwrap().to_string());
        }
        if name == "style" {
            rest = &rest[rest.find("</style>").expect("the style ends")..];
        }
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    ids
}

#[test]
fn every_page_is_well_formed_and_self_contained() {
    for o in each_option() {
        for (name, html) in pages(o) {
            let ids = parse(&html);
            let mut unique = ids.clone();
            unique.sort();
            unique.dedup();
            assert_eq!(unique.len(), ids.len(), "{name}: an id occurs twice");
            // What is pointed at is there.
            for reference in ["href=\"#", "aria-labelledby=\""] {
                for piece in html.split(reference).skip(1) {
                    for target in piece.split('"').next().unwrap().split(' ') {
                        assert!(ids.iter().any(|id| id == target), "{name}: {target}");
                    }
                }
            }
            let without_namespace = html.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
            for outside in [
                "http:",
                "https:",
                "//",
                "url(",
                "@import",
                "<script",
                "<img",
                "<link",
                "<iframe",
                "javascript:",
            ] {
                assert!(!without_namespace.contains(outside), "{name}: {outside}");
            }
            assert!(html.contains("http-equiv=\"Content-Security-Policy\""));
            assert!(html.contains("default-src &#39;none&#39;; style-src &#39;sha256-"));
            for nonsense in ["NaN", "inf ", "Infinity", "null", "None", "Some("] {
                assert!(!html.contains(nonsense), "{name}: {nonsense}");
            }
        }
    }
}

#[test]
fn attributes_that_act_never_come_from_labels() {
    let html = demo(options(Lang::Nl, Audience::Internal), HOSTILE).render();
    assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        assert!(
            !tag.contains(" on") && !tag.contains(" style=") && !tag.contains(" src="),
            "{tag}"
        );
        assert!(!tag.contains(" href=") || tag.contains(" href=\"#"), "{tag}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for o in each_option() {
        assert_eq!(pages(o), pages(o));
    }
}

#[test]
fn a_shared_page_names_nobody_and_counts_nobody_few() {
    for language in [Lang::Nl, Lang::En] {
        for (name, html) in pages(options(language, Audience::Share)) {
            for id in ["S-0031", "S-0107", "F-003", "F-014", "R-01", "R-02"] {
                assert!(!html.contains(id), "{name}: {id}");
            }
            // 12 findings, 32 rows and 4 events of a group: rounded or hidden.
            for exact in [">712<", ">183<", ">32<", ">4<", ">401<", ">1.022<", ">1,022<"] {
                assert!(!html.contains(exact), "{name}: {exact}");
            }
        }
    }
    let internal = demo(options(Lang::Nl, Audience::Internal), HOSTILE).render();
    assert!(
        internal.contains("S-0031") && internal.contains("F-014") && internal.contains(">712<")
    );
}

#[test]
fn a_shared_curve_holds_no_step_of_fewer_than_ten() {
    // The general families have fewer than 10 breakdowns in the first months.
    let html = |audience| {
        let by = described_by(["network", "general", "other"]);
        describe_page(&by, "breakdown", None, &about(), options(Lang::En, audience)).render()
    };
    let steps = |html: &str| {
        let start = html.find("class=\"curve s0\" d=\"").unwrap();
        html[start..].split('"').nth(3).unwrap().matches('V').count()
    };
    let (internal, shared) = (html(Audience::Internal), html(Audience::Share));
    assert_eq!(steps(&internal), 36);
    assert_eq!(steps(&shared), 36);
    // At most so many different heights as there are tens of breakdowns.
    let heights = |html: &str| {
        let start = html.find("class=\"curve s0\" d=\"").unwrap();
        let d = html[start..].split('"').nth(3).unwrap().to_string();
        let mut all: Vec<String> =
            d.split('V').skip(1).map(|s| s.split('H').next().unwrap().into()).collect();
        all.sort();
        all.dedup();
        all.len()
    };
    assert!(heights(&shared) <= 4, "{}", heights(&shared));
    assert!(heights(&internal) > 10);
    assert!(!shared.contains("2.1%"), "5 of 233 could be read back");
}

#[test]
fn the_first_screen_says_what_it_is_the_verdict_and_the_banner() {
    let page = demo(options(Lang::En, Audience::Internal), "S-1").render();
    let body = &page[page.find("<body>").unwrap()..];
    let at = |text: &str| body.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    let first_section = at("<section");
    for text in
        ["The data are made up", "For research only", "Do not use", "Not met: scaled Brier score"]
    {
        assert!(at(text) < first_section, "{text}");
    }
    for (verdict, word) in [
        (Verdict::Usable, "Bruikbaar"),
        (Verdict::DoNotUse, "Niet gebruiken"),
        (Verdict::NotEnoughData, "Te weinig gegevens"),
    ] {
        let page =
            evaluate_page(&evaluated(verdict), &about(), options(Lang::Nl, Audience::Internal));
        assert!(page.conclusion.unwrap().word.starts_with(word));
    }
}

#[test]
fn an_abstention_says_why_in_the_language_of_the_page() {
    let base = |_: f64| None;
    let html = |language| {
        score_page(&scored("S-9", false), &base, &about(), options(language, Audience::Internal))
            .render()
    };
    let (nl, en) = (html(Lang::Nl), html(Lang::En));
    assert_eq!(nl.matches("Geen getal: “leeftijd bij de start” ligt ver buiten").count(), 1);
    assert_eq!(en.matches("No number: “age at the start” lies far outside").count(), 1);
    assert!(!nl.contains("lies far outside"));
    // Nothing stands beside a risk that a person could count to the last digit.
    assert!(nl.contains("<5") || nl.contains("&lt;5"));
    assert!(nl.contains("meer dan 60") || nl.contains("ongeveer 57"));
}

#[test]
fn a_model_that_ran_away_is_not_drawn_as_an_effect() {
    let mut result = trained();
    if let Some(terms) = &mut result.terms {
        terms[0].estimate = Some(-21.8);
        (terms[0].lower, terms[0].upper) = (Some(-23.5), Some(-20.1));
    }
    let html = train_page(&result, &about(), options(Lang::Nl, Audience::Internal)).render();
    assert!(html.contains("niet te schatten"));
    assert!(!html.contains("−21,8"));
}

#[test]
fn vetoes_come_before_candidates_and_sides_are_even() {
    let html =
        match_page(&matched("F-9"), &about(), options(Lang::Nl, Audience::Internal)).render();
    // One line per rule, and each family with its reason when it is opened.
    let line = html.find("<summary>Geen plek vrij: 2 gezinnen</summary>").unwrap();
    assert!(line < html.find("F-009: Geen plek vrij").unwrap());
    assert!(line < html.find("Gezin F-003").unwrap());
    assert!(html.contains("<summary>Te ver van huis: 1 gezin</summary>"));
    let count = |text: &str| html.matches(text).count();
    assert_eq!(count("Spreekt ervoor"), count("Spreekt ertegen"));
    assert_eq!(count("Spreekt ervoor"), count("Onbekend: vraag na"));
    assert!(html.contains("binnen 12 maanden ongeveer 18 van de 100 (onzeker: 12 tot 25)"));
}

#[test]
fn both_languages_are_complete() {
    // Words that only one of the languages has.
    let (nl, en) = (
        pages(options(Lang::Nl, Audience::Internal)),
        pages(options(Lang::En, Audience::Internal)),
    );
    for ((name, nl), (_, en)) in nl.iter().zip(&en) {
        assert!(nl.contains("<html lang=\"nl\">") && en.contains("<html lang=\"en\">"));
        // Text that other rooms give in English only is marked as such, and the title is the study's.
        let plain = |html: &str| {
            let body = &html[html.find("<main").unwrap()..];
            body.split("lang=\"en\">")
                .map(|s| s.split_once('<').map_or(s, |x| x.1))
                .collect::<String>()
        };
        for word in [" placements", " the ", " with ", " and ", " of "] {
            let text = plain(nl);
            assert!(!text.contains(word) || word == " of ", "{name} (nl): {word}");
        }
        for word in [" plaatsingen", " het ", " een ", " zijn ", " niet "] {
            assert!(!plain(en).contains(word), "{name} (en): {word}");
        }
    }
}

/// The relative luminance of WCAG 2.2.
fn luminance(hex: &str) -> f64 {
    let channel = |k: usize| {
        let v = f64::from(u8::from_str_radix(&hex[k..k + 2], 16).unwrap()) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}

fn contrast(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn text_and_lines_have_the_contrast_of_wcag_aa() {
    let style = include_str!("../../../src/report/style.css");
    let colour = |name: &str| {
        let start = style.find(&format!("--{name}:#")).unwrap() + name.len() + 4;
        style[start..start + 6].to_string()
    };
    for text in ["ink", "soft", "deep", "warm"].map(colour) {
        assert!(
            contrast(&text, "ffffff") >= 4.5 && contrast(&text, &colour("wash")) >= 4.5,
            "{text}"
        );
    }
    assert!(contrast("dfe9f1", &colour("deep")) >= 4.5);
    assert!(contrast("4f2b04", &colour("warmwash")) >= 4.5);
    for k in 0..6 {
        let start = style.find(&format!(".s{k}{{stroke:#")).unwrap() + 12;
        assert!(contrast(&style[start..start + 6], "ffffff") >= 4.5, "curve {k}");
    }
}
