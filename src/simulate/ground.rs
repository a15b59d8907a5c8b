//! The map and the words: synthetic areas, providers and labels, shared by all regions.

use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

use crate::history::{Area, Label, Labels};

use super::draw;
use super::scenario::Scenario;

/// Places on the map where a region can lie; a large cohort has several regions in one place.
pub(super) const PLACES: usize = 225;
/// Areas of one place: 225 × 40 = the 9000 four-digit codes 1000–9999.
pub(super) const AREAS: usize = 40;
/// Providers in all, about as many as the Netherlands has.
const PROVIDERS: usize = 32;
/// Providers that work in one region.
pub(super) const LOCAL_PROVIDERS: usize = 3;

/// All words that simulated records use, and the map.
pub(super) struct Ground {
    pub labels: Labels,
    pub areas: Vec<Area>,
    pub providers: Vec<Label>,
    /// Multiplier of the hazard of breakdown per provider.
    pub provider_effects: Vec<f64>,
    pub regions: Vec<Label>,
    pub municipalities: Vec<Label>,
    pub needs: Vec<Label>,
    pub words: Words,
}

macro_rules! words {
    ($($field:ident = $text:literal),+ $(,)?) => {
        /// Labels by their meaning.
        #[derive(Debug, Clone, Copy)]
        pub(super) struct Words { $(pub $field: Label),+ }
        impl Words {
            fn new(labels: &mut Labels) -> Self {
                Self { $($field: labels.intern($text)),+ }
            }
        }
    };
}
words! {
    begeleider = "pleegzorgbegeleider",
    gezinsvoogd = "gezinsvoogd",
    alliance = "alliance_birth_foster",
    demand = "behaviour_demand",
    capacity = "parenting_capacity",
    wellbeing = "other_children_wellbeing",
    sdq = "sdq_total",
    carer = "carer",
    worker = "worker",
    placed = "placed",
    withdrawn = "withdrawn",
    distance = "distance",
    own_children = "own_children",
    timing = "timing",
    no_click = "no_click",
    conflict = "conflict",
    placement_ended = "placement_ended",
    after_breakdown = "after_breakdown",
    personal = "personal",
    return_home = "return_home",
    long_term = "long_term",
    voluntary = "voluntary",
    drang = "drang",
    ots = "ots",
    guardianship_gi = "guardianship_gi",
    guardianship_foster_parent = "guardianship_foster_parent",
    crisis = "crisis",
    full_time = "full_time",
    together = "together",
    apart = "apart",
}

/// The needs that children have, with their share.
pub(super) const NEEDS: [(&str, f64); 5] = [
    ("trauma", 0.25),
    ("attachment", 0.15),
    ("mild_intellectual_disability", 0.12),
    ("autism", 0.07),
    ("medical_care", 0.04),
];

impl Ground {
    /// The map for so many regions. Provider effects come from stream 0 of the seed.
    pub fn new(scenario: &Scenario, regions: usize, seed: u64) -> Self {
        let mut labels = Labels::default();
        let words = Words::new(&mut labels);
        let needs = NEEDS.iter().map(|(n, _)| labels.intern(n)).collect();
        let used = regions.min(PLACES);
        let areas = (0..used * AREAS).map(|k| area(&mut labels, k)).collect();
        let names: Vec<String> = (0..used).map(|r| format!("region_{:03}", r + 1)).collect();
        let region_labels = names.iter().map(|n| labels.intern(n)).collect();
        let names: Vec<String> =
            (0..used * 4).map(|m| format!("municipality_{:03}", m + 1)).collect();
        let municipalities = names.iter().map(|n| labels.intern(n)).collect();
        let count = PROVIDERS.min(regions * LOCAL_PROVIDERS);
        let names: Vec<String> = (0..count).map(|p| format!("provider_{:02}", p + 1)).collect();
        let providers: Vec<Label> = names.iter().map(|n| labels.intern(n)).collect();
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let sd = scenario.family_effects.map_or(0.0, |f| f.provider_sd);
        let provider_effects = providers.iter().map(|_| draw::lognormal(&mut rng, sd)).collect();
        let regions = region_labels;
        Self { labels, areas, providers, provider_effects, regions, municipalities, needs, words }
    }

    /// Kilometres between two areas, over the globe.
    pub fn km(&self, a: usize, b: usize) -> f64 {
        let (p, q) = (self.areas[a], self.areas[b]);
        let (lat, lon) = ((q.lat - p.lat).to_radians(), (q.lon - p.lon).to_radians());
        let mid = (0.5 * (p.lat + q.lat)).to_radians();
        6371.0 * (lat * lat + (mid.cos() * lon).powi(2)).sqrt()
    }
}

/// The k-th area: places lie on a grid over the country's degrees, and the areas of a place on
/// a spiral of some 20 km around it.
fn area(labels: &mut Labels, k: usize) -> Area {
    let (place, within) = (k / AREAS, k % AREAS);
    // Neighbours in number lie apart, so that few regions already spread over the map.
    let cell = place * 97 % PLACES;
    let (row, column) = ((cell / 15) as f64, (cell % 15) as f64);
    let angle = within as f64 * 2.399_963;
    let radius = 0.18 * ((within as f64 + 0.5) / AREAS as f64).sqrt();
    let lat = 51.3 + 0.14 * row + radius * angle.sin();
    let lon = 4.4 + 0.16 * column + 1.6 * radius * angle.cos();
    let four = |x: f64| (x * 1e4).round() / 1e4;
    Area { area: labels.intern(&(1000 + k).to_string()), lat: four(lat), lon: four(lon) }
}
