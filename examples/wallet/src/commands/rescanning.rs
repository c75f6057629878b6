//! Looking for payments again.

use std::{error::Error, fs, io::ErrorKind, path::Path};

use toycoin_examples::{columns::wrap, usage::Usage};

use crate::{commands::balance, context::Context, online::online};

/// Looks for payments again, in all blocks from a height on, and shows the balance.
///
/// A light client keeps what it found, so that is removed first. A wallet with a chain keeps nothing: each of its
/// commands looks through all blocks.
///
/// # Errors
/// [`Usage`] if `--birthday` names another height. If what was kept cannot be removed, or as any command that needs the
/// chain.
pub async fn rescan(context: &Context<'_>, from: Option<u64>) -> Result<(), Box<dyn Error>> {
    let light = &context.arguments.online.light;
    match (from, light.birthday) {
        (Some(from), Some(birthday)) if from != birthday => {
            return Err(Usage::new(format!("--from {from} and --birthday {birthday} differ; --from is enough")).into());
        }
        _ => {}
    }
    let file = context.file()?;
    let said = if light.light {
        forget(&file.beside("light"))?;
        let from = from.or(light.birthday).unwrap_or(file.birthday()).max(1);
        format!("looking for payments from block {from} on; those before it are not seen")
    } else {
        let what = "without --light every command looks through all blocks";
        match from {
            Some(_) => format!("{what}, so --from changes nothing"),
            None => format!("{what}, this one, too"),
        }
    };
    context.voice.lines(wrap("", &said));
    online(context, from, async |context, session| balance::balance(context, session, false)).await
}

/// Removes what a light client kept.
fn forget(kept: &Path) -> Result<(), Box<dyn Error>> {
    match fs::remove_file(kept) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(format!("cannot remove {}: {error}; remove it, and try again", kept.display()).into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_forgotten_and_need_not_be_there() {
        let folder = std::env::temp_dir().join(format!("toycoin-rescan-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let kept = folder.join("wallet.json.light");
        fs::write(&kept, "found").unwrap();
        forget(&kept).unwrap();
        assert!(!kept.exists());
        forget(&kept).unwrap();
        // a folder is no file that a wallet wrote
        let error = forget(&folder).unwrap_err().to_string();
        assert!(error.starts_with("cannot remove "), "{error}");
        fs::remove_dir_all(folder).unwrap();
    }
}
