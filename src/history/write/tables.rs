//! One function per file: records become the cells of a table.

use super::{Table, birth};
use crate::history::columns;
use crate::history::error::HistoryError;
use crate::history::records::{History, Party, Subject};
use crate::progress::Progress;

/// Every table as the bytes of its file; `progress` is told of the rows.
pub(super) fn all(
    h: &History,
    progress: &dyn Progress,
) -> Result<Vec<(&'static str, Vec<u8>)>, HistoryError> {
    let tables: [(fn(&History) -> File, usize); 10] = [
        (children, h.children.len()),
        (families, h.families.len()),
        (family_periods, h.family_periods.len()),
        (stays, h.stays.len()),
        (events, h.events.len()),
        (assessments, h.assessments.len()),
        (areas, h.areas.len()),
        (requests, h.requests.len()),
        (pairs, h.pairs.len()),
        (offers, h.offers.len()),
    ];
    progress.start("writing", tables.iter().map(|(_, rows)| *rows as u64).sum());
    let mut made = Vec::with_capacity(tables.len());
    for (table, rows) in tables {
        made.push(table(h)?);
        progress.advance(rows as u64);
    }
    progress.finish();
    Ok(made)
}

type File = Result<(&'static str, Vec<u8>), HistoryError>;

fn children(h: &History) -> File {
    let mut t = Table::new(h, &columns::children::FILE)?;
    for c in &h.children {
        t.word(&c.id)?;
        t.push(&birth(c.birth))?;
        t.show(c.sex)?;
        t.label(c.sibling_group)?;
        t.label(c.origin_municipality)?;
        t.label(c.home_area)?;
        t.label(c.school_area)?;
        t.labels(&c.needs)?;
        t.show(c.first_out_of_home)?;
        t.show(c.moves_before)?;
        t.show(c.breakdowns_before)?;
        t.end()?;
    }
    t.finish()
}

fn families(h: &History) -> File {
    let mut t = Table::new(h, &columns::families::FILE)?;
    for f in &h.families {
        if f.state.kind.is_none() {
            return Err(t.wrong("a family without a kind"));
        }
        t.word(&f.id)?;
        t.state(&f.state)?;
        t.end()?;
    }
    t.finish()
}

fn family_periods(h: &History) -> File {
    let mut t = Table::new(h, &columns::family_periods::FILE)?;
    for p in &h.family_periods {
        t.family(Some(p.family))?;
        t.state(&p.changed)?;
        t.show(Some(p.from))?;
        t.show(p.to)?;
        t.show(p.recorded)?;
        t.end()?;
    }
    t.finish()
}

fn stays(h: &History) -> File {
    let mut t = Table::new(h, &columns::stays::FILE)?;
    for s in &h.stays {
        t.word(&s.id)?;
        t.child(s.child)?;
        t.push(s.setting.code())?;
        t.family(s.family)?;
        t.show(s.family_kind)?;
        t.label(s.provider)?;
        t.show(Some(s.start))?;
        t.show(s.end)?;
        t.show(s.end_reason)?;
        t.flag(s.end_planned)?;
        t.flag(s.end_wanted)?;
        t.show(s.perspective)?;
        t.show(s.care_form)?;
        t.show(s.legal)?;
        t.flag(s.siblings_together)?;
        t.label(s.region)?;
        t.show(s.recorded)?;
        t.end()?;
    }
    t.finish()
}

fn events(h: &History) -> File {
    let mut t = Table::new(h, &columns::events::FILE)?;
    for e in &h.events {
        t.child(e.child)?;
        t.stay(e.stay)?;
        t.show(Some(e.date))?;
        t.push(e.kind.code())?;
        t.label(e.role)?;
        t.label(e.from)?;
        t.label(e.to)?;
        t.flag(e.warm_handover)?;
        t.show(e.recorded)?;
        t.end()?;
    }
    t.finish()
}

fn assessments(h: &History) -> File {
    let mut t = Table::new(h, &columns::assessments::FILE)?;
    for a in &h.assessments {
        if a.score.is_none() {
            return Err(t.wrong("an assessment without a score"));
        }
        let (kind, family) = match a.subject {
            Subject::Child(_) => ("child", None),
            Subject::Family(_) => ("family", None),
            Subject::Stay(_) => ("stay", None),
            Subject::Pair(_, family) => ("pair", Some(family)),
        };
        t.push(kind)?;
        match a.subject {
            Subject::Child(child) | Subject::Pair(child, _) => t.child(child)?,
            Subject::Family(family) => t.family(Some(family))?,
            Subject::Stay(stay) => t.stay(Some(stay))?,
        }
        t.family(family)?;
        t.show(Some(a.date))?;
        t.label(Some(a.scale))?;
        t.number(a.score)?;
        t.label(a.rater)?;
        t.show(a.recorded)?;
        t.end()?;
    }
    t.finish()
}

fn areas(h: &History) -> File {
    let mut t = Table::new(h, &columns::areas::FILE)?;
    for a in &h.areas {
        t.label(Some(a.area))?;
        t.number(Some(a.lat))?;
        t.number(Some(a.lon))?;
        t.end()?;
    }
    t.finish()
}

fn requests(h: &History) -> File {
    let mut t = Table::new(h, &columns::requests::FILE)?;
    for r in &h.requests {
        t.word(&r.id)?;
        t.child(r.child)?;
        t.show(r.received)?;
        t.show(Some(r.needed_from))?;
        t.label(r.group)?;
        t.show(r.keep_siblings)?;
        t.show(r.care_form)?;
        t.show(r.perspective)?;
        t.show(r.urgency)?;
        t.number(r.max_distance_km)?;
        t.labels(&r.contact_areas)?;
        t.labels(&r.avoid_areas)?;
        t.flag(r.secret_address)?;
        t.show(r.closed)?;
        t.label(r.outcome)?;
        t.stay(r.placed_stay)?;
        t.show(r.recorded)?;
        t.end()?;
    }
    t.finish()
}

fn pairs(h: &History) -> File {
    let mut t = Table::new(h, &columns::pairs::FILE)?;
    for p in &h.pairs {
        t.push(p.kind.code())?;
        for party in [p.a, p.b] {
            match party {
                Party::Child(child) => t.child(child)?,
                Party::Family(family) => t.family(Some(family))?,
            }
        }
        t.show(p.lane)?;
        t.label(p.reason)?;
        t.end()?;
    }
    t.finish()
}

fn offers(h: &History) -> File {
    let mut t = Table::new(h, &columns::offers::FILE)?;
    for o in &h.offers {
        let request = h.requests.get(o.request.at());
        let id = request.map(|r| &*r.id).ok_or_else(|| t.wrong("a request outside the history"))?;
        t.word(id)?;
        t.family(Some(o.family))?;
        t.show(Some(o.offered))?;
        t.show(o.answered)?;
        t.show(o.answer)?;
        t.label(o.reason)?;
        t.show(o.recorded)?;
        t.end()?;
    }
    t.finish()
}
