//! Matching: one request against five thousand families, a day's caseload, and ten years of
//! requests under every policy.
//!
//! `cargo bench --bench matching`; on two cores the goals are 5 milliseconds for one request
//! (`ledger_and_ranking_of_N`, for the request of the day that has the most candidates, and for the
//! one in the middle: every veto of every family as a value, and every candidate with its risk, its
//! interval, what speaks for and against, and whom it cannot be told apart from) and a minute for
//! ten years. `with_plan` adds the plan, its proof, its stability and the order of calling;
//! `with_variants` the other plans too (worst-off first among them); `written` puts all of it into
//! words, as JSON.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use pleegzorg::history::{Day, History, Index, RequestIx};
use pleegzorg::matching::over_time::{Stream, Terms, replay};
use pleegzorg::matching::{
    MatchOptions, Situation, VariantOptions, match_candidates, match_requests,
};
use pleegzorg::model::Model;
use pleegzorg::simulate::{Scenario, simulate};

/// As many as give a little over 5,000 families.
const CHILDREN: u32 = 4_500;

/// The same history with one request only, and what families replied to it.
fn only(h: &History, request: RequestIx) -> History {
    let mut one = h.clone();
    one.requests = vec![h.requests[request.at()].clone()];
    one.offers.retain(|o| o.request == request);
    one.offers.iter_mut().for_each(|o| o.request = RequestIx(0));
    one
}

fn bench(c: &mut Criterion) {
    let h = simulate(&Scenario::base(), CHILDREN, 1).history;
    assert!(h.families.len() >= 5_000, "{} families", h.families.len());
    let index = Index::new(&h);
    let day = Day::from_ymd(2021, 6, 30).expect("a day");
    let open = Situation::new(&h, &index, day).requests;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/example.json");
    let model = Model::read(&path).expect("the shipped model");
    let plain = MatchOptions::new().expect("the default rules");
    let plain = MatchOptions { worth: false, research: true, ..plain };
    let with_worth = MatchOptions { worth: true, ..plain.clone() };
    let alone = |request: RequestIx| {
        let one = only(&h, request);
        let index = Index::new(&one);
        (one, index)
    };
    let mut by_candidates: Vec<(usize, RequestIx)> = Vec::new();
    for &request in &open {
        let (one, index) = alone(request);
        let found = match_candidates(&model, &one, &index, day, &plain).expect("an answer");
        by_candidates.push((found[0].candidates.len(), request));
    }
    by_candidates.sort();
    let (middle, most) = (by_candidates[open.len() / 2], by_candidates[open.len() - 1]);

    let mut group = c.benchmark_group(format!("{}_families", h.families.len()));
    group.sample_size(20).measurement_time(Duration::from_secs(5));
    for (candidates, request) in [middle, most] {
        let (one, index) = alone(request);
        group.bench_function(format!("one_request/ledger_and_ranking_of_{candidates}"), |b| {
            b.iter(|| black_box(match_candidates(&model, &one, &index, day, &plain)));
        });
    }
    let (one, index_of_one) = alone(most.1);
    group.bench_function("one_request/with_plan", |b| {
        b.iter(|| black_box(match_requests(&model, &one, &index_of_one, day, &plain)));
    });
    let answer = match_requests(&model, &one, &index_of_one, day, &plain).expect("an answer");
    group.bench_function("one_request/written", |b| {
        b.iter(|| serde_json::to_writer(std::io::sink(), black_box(&answer)));
    });
    group.sample_size(10).measurement_time(Duration::from_secs(15));
    group.bench_function(format!("caseload_of_{}", open.len()), |b| {
        b.iter(|| black_box(match_requests(&model, &h, &index, day, &plain)));
    });
    group.bench_function(format!("caseload_of_{}_with_worth", open.len()), |b| {
        b.iter(|| black_box(match_requests(&model, &h, &index, day, &with_worth)));
    });
    let others = VariantOptions { draws: 0, ..VariantOptions::default() };
    let with_variants = MatchOptions { variants: Some(others), ..plain.clone() };
    group.bench_function(format!("caseload_of_{}_with_variants", open.len()), |b| {
        b.iter(|| black_box(match_requests(&model, &h, &index, day, &with_variants)));
    });
    group.finish();

    let stream = Stream::made_up(4_000, 10, 1);
    let mut group = c.benchmark_group("over_time");
    group.sample_size(10).measurement_time(Duration::from_secs(25));
    group.bench_function("ten_years_of_4000_under_all_policies", |b| {
        b.iter(|| black_box(replay(&stream, Terms::default())));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
