//! Model files that are none, through every verb that reads one.

use super::{expect, gigabyte};
use crate::run::root;

#[test]
fn truncated_altered_foreign_and_newer_model_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let example = root().join("datasets/example");
    let example = example.to_str().unwrap();
    let sound = std::fs::read(root().join("models/example.json")).unwrap();
    let text = String::from_utf8(sound.clone()).unwrap();
    let middle = sound.len() / 2;
    let mut bit = sound.clone();
    bit[middle] ^= 1;
    let digit = text.find("\"model\"").unwrap();
    let digit = digit + text[digit..].find(|c: char| c.is_ascii_digit()).unwrap();
    let mut altered = sound.clone();
    altered[digit] = if altered[digit] == b'1' { b'2' } else { b'1' };
    let version = |v: &str| text.replacen("\"version\":1", &format!("\"version\":{v}"), 1);
    let newer = "install the version of pleegzorg that wrote it";
    let cases: [(&str, Vec<u8>, &str); 14] = [
        ("empty", Vec::new(), "cut short"),
        ("head", sound[..30].to_vec(), "cut short"),
        ("half", sound[..middle].to_vec(), "cut short"),
        ("last byte", sound[..sound.len() - 1].to_vec(), "cut short"),
        ("one bit", bit, "altered"),
        ("one number", altered, "do not match its checksum"),
        ("more", [&sound[..], b"\n"].concat(), "cut short or altered"),
        ("newer", version("2").into_bytes(), newer),
        ("much newer", version("4000000000").into_bytes(), newer),
        ("newer, laid out anew", b"{\"format\":\"pleegzorg-model\",\"version\":3}".to_vec(), newer),
        ("older than any", version("0").into_bytes(), "cut short or altered"),
        ("json", b"{\"coefficients\":[1,2]}".to_vec(), "was not written by pleegzorg"),
        ("nested", b"[".repeat(100_000), "was not written by pleegzorg"),
        ("binary", (0..=255).collect(), "it is no text"),
    ];
    for (name, bytes, word) in cases {
        std::fs::write(dir.path().join("model.json"), &bytes).unwrap();
        for verb in ["score", "match"] {
            let args = [verb, "model.json", example, "--as-of", "2023-06-01", "--research"];
            expect(dir.path(), &args, 4, word);
        }
        expect(dir.path(), &["evaluate", example, "--model", "model.json"], 4, word);
        // Refused, and left as it is.
        let kept = std::fs::read(dir.path().join("model.json")).unwrap();
        assert!(kept == bytes, "{name} was changed");
    }
}

#[test]
fn a_model_that_is_no_file_or_another_studys() {
    let dir = tempfile::tempdir().unwrap();
    let example = root().join("datasets/example");
    let example = example.to_str().unwrap();
    std::fs::create_dir(dir.path().join("folder")).unwrap();
    gigabyte(&dir.path().join("gigabyte"), b"{\"format\":\"pleegzorg-model\",\"version\":");
    for (path, code, word) in [
        ("nowhere", 3, "cannot read nowhere"),
        ("folder", 3, "it is a folder"),
        ("gigabyte", 4, "it is larger than"),
    ] {
        for verb in ["score", "match"] {
            let args = [verb, path, example, "--as-of", "2023-06-01", "--research"];
            expect(dir.path(), &args, code, word);
        }
        expect(dir.path(), &["evaluate", example, "--model", path], code, word);
    }
    // A model of another study is not stamped by this one; it stays as it is.
    let model = root().join("models/example.json");
    std::fs::copy(&model, dir.path().join("model.json")).unwrap();
    let terms = "features.terms=[\"age\"]";
    let args = ["evaluate", example, "--model", "model.json", "--set", terms];
    expect(dir.path(), &args, 2, "model");
    let kept = std::fs::read(dir.path().join("model.json")).unwrap();
    assert!(kept == std::fs::read(model).unwrap());
}
