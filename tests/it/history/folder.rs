//! A small sound folder, to be changed by the tests.

use std::path::Path;

use pleegzorg::history::{self, Finding, HistoryError, Reading};
use pleegzorg::progress::Silent;

/// A folder in the making: file names and their bytes.
#[derive(Clone)]
pub struct Folder(Vec<(String, Vec<u8>)>);

pub const STUDY: &str =
    "[window]\nstart = \"2010-01-01\"\nend = \"2020-12-31\"\nextraction = \"2021-01-31\"\n";

const SOUND: &[(&str, &str)] = &[
    ("study.toml", STUDY),
    (
        "children.csv",
        "child_id,birth,sex,sibling_group,origin_municipality,home_area,school_area,needs,first_out_of_home,moves_before,breakdowns_before\n\
         c1,2008-05-17,female,g1,Enschede,7511,7512,adhd|trauma,2012-02-01,0,0\n\
         c2,2010-11,male,g1,Enschede,7511,,,,,\n\
         c3,2005-03-02,,,,,,,,1,1\n",
    ),
    (
        "families.csv",
        "family_id,provider,kind,area,places,min_age,max_age,care_forms,perspectives,accepts_needs,refuses_needs,own_children,experience_since,status,status_date,stop_reason\n\
         f1,north,general,7513,2,4,12,full_time|crisis,long_term,adhd,,2006-01|2009-07-14,2008-06-01,active,2008-06-01,\n\
         f2,north,network,7514,1,,,,,,,,,,,\n\
         f3,south,family_home,,4,0,18,,,,,,,stopped,2016-06-30,moved away\n",
    ),
    (
        "family_periods.csv",
        "family_id,from,to,status,places,recorded\nf1,2014-01-10,2014-03-20,paused,,\nf2,2012-01-05,,,2,2012-01-09\n",
    ),
    (
        "stays.csv",
        "stay_id,child_id,setting,family_id,family_kind,provider,start,end,end_reason,end_planned,end_wanted,perspective,care_form,legal,siblings_together,region,recorded\n\
         s1,c1,foster,f1,,north,2012-02-01,2013-06-15,carer_behaviour,no,no,long_term,full_time,ots,yes,east,\n\
         s2,c1,foster,f2,,north,2013-06-15,,,,,long_term,full_time,guardianship_gi,no,east,2013-06-20\n\
         s3,c2,residential,,,,2014-08-03,2014-09-09,planned_move,yes,yes,,,,,,\n\
         s4,c2,family_home,f3,,south,2014-09-09,2016-05-01,returned_home,yes,yes,return_home,full_time,voluntary,,,\n\
         s5,c3,foster,,network,,2011-04-04,2015-02-11,administrative,,,,,drang,,,\n\
         s6,c1,foster,f3,,south,2015-07-04,2015-08-14,planned_move,yes,yes,,part_time,,,,\n",
    ),
    (
        "events.csv",
        "child_id,stay_id,date,kind,role,from,to,warm_handover,recorded\n\
         c1,s1,2012-09-01,helper_change,pleegzorgbegeleider,,,yes,\n\
         c1,s2,2014-01-07,legal_change,,ots,guardianship_gi,,2014-02-01\n",
    ),
    (
        "assessments.csv",
        "subject_kind,subject_id,family_id,date,scale,score,rater,recorded\n\
         child,c1,,2012-01-20,sdq_total,21,carer,\n\
         pair,c1,f1,2012-01-25,alliance_birth_foster,6.5,worker,\n\
         stay,s4,,2015-01-25,behaviour_demand,7.25,worker,2015-02-02\n\
         family,f2,,2013-05-01,parenting_capacity,8,worker,\n",
    ),
    ("areas.csv", "area,lat,lon\n7511,52.220,6.895\n7513,52.2190,6.9010\n"),
    (
        "requests.csv",
        "request_id,child_id,received,needed_from,group,keep_siblings,care_form,perspective,urgency,max_distance_km,contact_areas,avoid_areas,secret_address,closed,outcome,placed_stay_id,recorded\n\
         r1,c2,2014-07-01,2014-08-20,q1,yes,full_time,return_home,2,25,7511,7514|7515,no,2014-09-09,placed,s4,\n\
         r2,c3,,2021-03-01,,conflict,,,,,,,,,,,\n",
    ),
    (
        "pairs.csv",
        "kind,a,b,lane,reason\nnever,c3,f1,safety,\nnot_together,c1,c3,child,\"they \"\"fight\"\"\nat school\"\n",
    ),
    (
        "offers.csv",
        "request_id,family_id,offered,answered,answer,reason,recorded\nr1,f1,2014-08-01,2014-08-02,no,full,\nr1,f3,2014-08-05,2014-08-06,yes,,\n",
    ),
];

impl Folder {
    /// A folder with every file and no finding.
    pub fn sound() -> Self {
        Self(SOUND.iter().map(|&(n, t)| (n.to_owned(), t.as_bytes().to_vec())).collect())
    }

    /// The same with another text for one file.
    pub fn with(mut self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.0.retain(|(n, _)| n != name);
        self.0.push((name.to_owned(), bytes.as_ref().to_vec()));
        self
    }

    /// The same without one file.
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(n, _)| n != name);
        self
    }

    /// The name and the bytes of the file at a place.
    pub fn file(&self, at: usize) -> (&str, Vec<u8>) {
        let (name, bytes) = &self.0[at];
        (name, bytes.clone())
    }

    /// The text of a file.
    pub fn text(&self, name: &str) -> String {
        let (_, bytes) = self.0.iter().find(|(n, _)| n == name).unwrap();
        String::from_utf8(bytes.clone()).unwrap()
    }

    /// The same with a part of one file replaced; the part must be there.
    pub fn replace(self, name: &str, from: &str, to: &str) -> Self {
        let text = self.text(name);
        assert!(text.contains(from), "{name} has no {from}");
        self.with(name, text.replacen(from, to, 1))
    }

    /// The same with a line added to one file.
    pub fn line(self, name: &str, line: &str) -> Self {
        let text = self.text(name);
        self.with(name, format!("{text}{line}\n"))
    }

    pub fn write_to(&self, dir: &Path) {
        for (name, bytes) in &self.0 {
            std::fs::write(dir.join(name), bytes).unwrap();
        }
    }

    pub fn read(&self) -> Result<Reading, HistoryError> {
        let dir = tempfile::tempdir().unwrap();
        self.write_to(dir.path());
        history::read(dir.path(), &Silent)
    }

    pub fn findings(&self) -> Vec<Finding> {
        self.read().unwrap().findings
    }

    /// Code, file, line and column of each finding.
    pub fn found(&self) -> Vec<(u16, String, Option<u64>, Option<String>)> {
        let brief = |f: Finding| {
            (f.code.0, f.file.into_owned(), f.row, f.column.map(std::borrow::Cow::into_owned))
        };
        self.findings().into_iter().map(brief).collect()
    }
}
