//! Labels: what payments, addresses and coins are called. They need neither a network nor a passphrase.

use std::{
    error::Error,
    io::{self, ErrorKind},
    path::Path,
};

use serde_json::json;
use toycoin_examples::{
    columns::{WIDTH, cut},
    say, tell,
    whole_file::WholeFile,
    words::count,
};
use toycoin_keys::Labels;

use crate::{command::LabelsCommand, context::Context, label_file, label_reference::LabelReference};

/// Calls something by a text; an empty one takes that back.
///
/// # Errors
/// If the reference is nothing that has a label, the text is no label, or a file cannot be read or written.
pub fn label(context: &Context<'_>, reference: &str, text: &str) -> Result<(), Box<dyn Error>> {
    let LabelReference { kind, text: reference } =
        LabelReference::parse(reference, context.params.spec().address_prefix)?;
    let place = context.file()?.labels();
    label_file::change(&place, |labels| match text.is_empty() {
        false => Ok(labels.set(kind, &reference, text)?),
        true if labels.remove(kind, &reference) => Ok(()),
        true => Err(format!("{reference} has no label that could be taken back").into()),
    })?;
    let line = match text.is_empty() {
        true => format!("{reference} has no label any more"),
        false => format!("{reference} is called \"{text}\""),
    };
    let text = Some(text).filter(|text| !text.is_empty());
    context.voice.both([line], &json!({ "type": kind, "ref": reference, "label": text }));
    Ok(())
}

/// Takes labels from a file, or writes all of them to one.
///
/// # Errors
/// If a file cannot be read or written, or a line is no label.
pub fn labels(context: &Context<'_>, command: &LabelsCommand) -> Result<(), Box<dyn Error>> {
    let place = context.file()?.labels();
    match command {
        LabelsCommand::Import { file } => {
            let other = match is_standard(file) {
                true => Labels::read_from(io::stdin().lock()).map_err(|error| format!("standard input: {error}"))?,
                false => label_file::read_existing(file)?,
            };
            require_known(context, &other)?;
            let taken = other.len();
            let labels = label_file::change(&place, |labels| Ok(labels.merge(other)?))?;
            let (taken_labels, all) = (count(taken as u64, "label"), labels.len());
            let line = format!("{taken_labels} taken; the wallet has {all} now");
            context.voice.both([line], &json!({ "taken": taken, "labels": all }));
        }
        LabelsCommand::Export { file } if is_standard(file) => {
            let labels = label_file::read(&place)?;
            // lines of JSON in any case
            let mut lines = Vec::new();
            labels.write_to(&mut lines)?;
            String::from_utf8(lines)?.lines().for_each(|line| say!("{line}"));
            tell!("{}", count(labels.len() as u64, "label"));
        }
        LabelsCommand::Export { file } => {
            let labels = label_file::read(&place)?;
            write_new(file, &labels)?;
            let (written, shown) = (count(labels.len() as u64, "label"), file.display().to_string());
            context.voice.both([format!("{written} in {shown}")], &json!({ "file": shown, "labels": labels.len() }));
        }
    }
    Ok(())
}

/// Refuses labels of another wallet that [`label`] would refuse. Types that this wallet does not set are taken as they
/// are.
fn require_known(context: &Context<'_>, labels: &Labels) -> Result<(), Box<dyn Error>> {
    for (kind, reference, _) in labels.iter().filter(|(kind, ..)| ["tx", "addr", "output", "xpub"].contains(kind)) {
        let why = match LabelReference::parse(reference, context.params.spec().address_prefix) {
            Ok(known) if known.kind == kind => continue,
            Ok(known) => format!("that is of the type {}", known.kind),
            Err(why) => why,
        };
        return Err(format!("nothing was taken: \"{}\" of the type {kind}: {why}", cut(reference, WIDTH)).into());
    }
    Ok(())
}

fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Writes labels to a new file, which only its owner can read: it says what was paid for.
fn write_new(path: &Path, labels: &Labels) -> Result<(), Box<dyn Error>> {
    let write = || {
        let new = WholeFile::private(path)?;
        let mut buffer = io::BufWriter::new(new.file());
        labels.write_to(&mut buffer)?;
        buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
        new.appear()
    };
    let shown = path.display();
    write().map_err(|error: io::Error| match error.kind() {
        ErrorKind::AlreadyExists => format!("{shown} is there already; name a new file").into(),
        _ => format!("cannot write {shown}: {error}").into(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_export_takes_the_place_of_no_other_file() {
        let folder = std::env::temp_dir().join(format!("toycoin-labels-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("out.jsonl");
        let mut labels = Labels::new();
        labels.set("tx", &"ab".repeat(32), "rent").unwrap();
        write_new(&path, &labels).unwrap();
        assert_eq!(label_file::read_existing(&path).unwrap(), labels);
        let error = write_new(&path, &Labels::new()).unwrap_err().to_string();
        assert!(error.ends_with("out.jsonl is there already; name a new file"), "{error}");
        assert_eq!(label_file::read_existing(&path).unwrap(), labels);
        let nowhere = write_new(&folder.join("none").join("out.jsonl"), &labels).unwrap_err().to_string();
        assert!(nowhere.starts_with("cannot write "), "{nowhere}");
        fs::remove_dir_all(folder).unwrap();
    }
}
