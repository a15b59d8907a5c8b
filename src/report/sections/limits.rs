//! What the numbers must not be used for: on every page.

use super::super::html::Html;
use super::super::page::Section;
use crate::score::Lang;

/// The closing section.
#[must_use]
pub fn limits(language: Lang) -> Section {
    let mut h = Html::new();
    let lines = [
        (
            "Beslis nooit op het getal alleen. Het is één stem in een gesprek met kind, ouders, pleegouders en begeleiders.",
            "Never decide on the number alone. It is one voice in a conversation with child, parents, foster parents and helpers.",
        ),
        (
            "Gebruik het nooit om een kind uit te sluiten, kinderen te rangschikken of een gezin af te rekenen.",
            "Never use it to exclude a child, to rank children, or to hold a family to account.",
        ),
        (
            "Een voorspelling is geen oorzaak: dat plaatsingen met een kenmerk vaker stoppen, zegt niet dat ze door dat kenmerk stoppen.",
            "A prediction is not a cause: that placements with a feature end more often does not say that they end because of it.",
        ),
        (
            "Het getal geldt voor groepen vergelijkbare plaatsingen, op de gegevens van toen. Wat hier niet is vastgelegd, weet het model niet.",
            "The number holds for groups of comparable placements, on the data of that time. What was not recorded, the model does not know.",
        ),
        (
            "Klopt er iets niet? Zeg het, en vraag om een uitleg door een mens. Niet gebruiken is ook goed gebruik.",
            "Is something not right? Say so, and ask for an explanation by a person. Not using it is good use too.",
        ),
    ];
    h.within("ul", &[("class", "plain")], |h| {
        for (nl, en) in lines {
            h.leaf("li", &[], language.of(nl, en));
        }
    });
    let heading = language.of("Waarvoor dit niet is", "What this is not for");
    Section { id: "limits", heading: heading.into(), body: h }
}
