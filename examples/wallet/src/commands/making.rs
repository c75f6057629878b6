//! Making a wallet, and what has to do with its words and its passphrase.

use std::{error::Error, path::Path};

use serde_json::json;
use toycoin_core::PublicKey;
use toycoin_examples::{columns::wrap, output};
use toycoin_keys::{Branch, KdfCost, NewFile, NextPlaces, Place, SealSeed, SealedFile, Words};
use zeroize::Zeroizing;

use crate::{
    asking,
    command::{NewWallet, Restored},
    context::Context,
    session,
    wallet_file::WalletFile,
};

/// Words in a line.
const WORDS_IN_LINE: usize = 4;
/// Columns of a word with its number.
const WORD: usize = 14;

/// Makes a wallet.
///
/// # Errors
/// If the file is there already or cannot be written, or the passphrase is none.
pub async fn new(context: &Context<'_>, new: &NewWallet) -> Result<(), Box<dyn Error>> {
    let path = WalletFile::place_of_new(context.arguments.wallet.as_deref());
    WalletFile::require_none(&path)?;
    let birthday = context.arguments.online.light.birthday.unwrap_or(0);
    let next = NextPlaces { receive: 1, change: 0 };
    let file = || Ok::<_, Box<dyn Error>>(NewFile::new(&context.params.spec().name)?.birthday(birthday).next(next));
    if let Some(xpub) = &new.watch_only {
        let watch = file()?.watch(xpub.clone());
        let owner = first_owner(|place| xpub.owner(place))?;
        WalletFile::create(&path, |file| watch.write_to(file))?;
        say_made(context, &path, owner, None);
        return Ok(());
    }
    let mut entropy = Zeroizing::new(vec![0; if new.words == "24" { 32 } else { 16 }]);
    getrandom::fill(&mut entropy)?;
    let words = Words::from_entropy(&entropy)?;
    let sealed = seal(context, file()?.account(new.account).private(new.private), &words).await?;
    WalletFile::create(&path, |file| sealed.0.write_to(file))?;
    say_made(context, &path, sealed.1, Some(&words));
    if output::has_failed() {
        let shown = path.display();
        return Err(format!("{shown} is made, and its words could not be shown: `wallet backup` shows them").into());
    }
    Ok(())
}

/// Makes a wallet again from its words. Its payments are found by the next command that knows the chain.
///
/// # Errors
/// As [`new`], and if the words are none.
pub async fn restore(context: &Context<'_>, restored: &Restored) -> Result<(), Box<dyn Error>> {
    let path = WalletFile::place_of_new(context.arguments.wallet.as_deref());
    WalletFile::require_none(&path)?;
    let words = asking::words().await?;
    let birthday = context.arguments.online.light.birthday.unwrap_or(0);
    let file = NewFile::new(&context.params.spec().name)?.birthday(birthday).next(NextPlaces { receive: 1, change: 0 });
    let (sealed, owner) = seal(context, file.account(restored.account).private(restored.private), &words).await?;
    WalletFile::create(&path, |file| sealed.write_to(file))?;
    say_made(context, &path, owner, None);
    context.voice.line("`wallet balance` looks for its payments");
    Ok(())
}

/// Shows the words.
///
/// # Errors
/// If the wallet has none, or the passphrase is wrong.
pub async fn backup(context: &Context<'_>) -> Result<(), Box<dyn Error>> {
    let unlocked = session::unlocked(&context.file()?, context.arguments).await?;
    let list: Zeroizing<Vec<_>> = Zeroizing::new(unlocked.words().iter().map(str::to_owned).collect());
    let (key, voice) = (unlocked.account_key().to_string(), context.voice);
    let mut lines = word_lines(unlocked.words());
    lines.push(Zeroizing::new(format!("account  {key}")));
    let extra = if context.arguments.extra_word { ", and the extra word that is on no paper" } else { "" };
    lines.extend(wrap("", &format!("whoever has these words{extra} has the coins")).into_iter().map(Zeroizing::new));
    voice.both(lines.iter().map(|line| line.as_str()), &json!({ "words": &*list, "account_xpub": key }));
    Ok(())
}

/// Changes the passphrase.
///
/// # Errors
/// If the wallet is not sealed, or the old passphrase is wrong.
pub async fn passphrase(context: &Context<'_>, new_file: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let mut file = context.file()?;
    let sealed = file.sealed().ok_or("this wallet has no passphrase: nothing in it is sealed")?;
    let old = asking::passphrase(context.arguments.passphrase_file.as_deref()).await?;
    let new = asking::new_passphrase(new_file).await?;
    let sealed = sealed.change_passphrase(&old, &new, KdfCost::DEFAULT, seal_seed()?)?;
    file.set_sealed(sealed)?;
    let what = "the passphrase is changed; copies of the file open with the old one: remove them";
    context.voice.both(wrap("", what), &json!({ "changed": true }));
    Ok(())
}

/// Seals words under a passphrase that is asked for. Returns the first owner, too.
async fn seal(context: &Context<'_>, file: NewFile, words: &Words) -> Result<(SealedFile, PublicKey), Box<dyn Error>> {
    let extra_word = asking::new_extra_word(context.arguments.extra_word).await?;
    let passphrase = asking::new_passphrase(context.arguments.passphrase_file.as_deref()).await?;
    let sealed = file.seal(words, &extra_word, &passphrase, seal_seed()?)?;
    // what was written opens again, before anybody relies on it
    let unlocked = sealed.unlock(&passphrase, &extra_word)?;
    let owner = first_owner(|place| unlocked.account_key().owner(place))?;
    Ok((sealed, owner))
}

fn seal_seed() -> Result<SealSeed, Box<dyn Error>> {
    let mut seed = [0; 40];
    getrandom::fill(&mut seed)?;
    Ok(SealSeed::new(seed))
}

fn first_owner<E: Error + 'static>(owner: impl Fn(Place) -> Result<PublicKey, E>) -> Result<PublicKey, Box<dyn Error>> {
    let first = Place::new(Branch::Receive, 0).ok_or("there is a first place")?;
    Ok(owner(first)?)
}

fn say_made(context: &Context<'_>, path: &Path, owner: PublicKey, words: Option<&Words>) {
    let address = context.params.address(owner).to_string();
    let mut lines = Vec::new();
    if let Some(words) = words {
        lines.extend(word_lines(words));
        let what = "write these words on paper, in their order: they are the backup, and nobody can bring them back";
        lines.extend(wrap("", what).into_iter().map(Zeroizing::new));
    }
    lines.push(Zeroizing::new(format!("wallet   {}", path.display())));
    lines.push(Zeroizing::new(format!("address  {address}")));
    let mut answer = json!({ "wallet": path.display().to_string(), "address": address });
    if let Some(words) = words {
        answer["words"] = words.iter().collect();
    }
    context.voice.both(lines.iter().map(|line| line.as_str()), &answer);
}

/// Returns the words with their numbers, four in a line.
fn word_lines(words: &Words) -> Vec<Zeroizing<String>> {
    let numbered: Vec<_> = (1..).zip(words.iter()).map(|(number, word)| format!("{number:>2} {word}")).collect();
    let row =
        |row: &[String]| row.iter().map(|word| format!("{word:<WORD$}")).collect::<String>().trim_end().to_owned();
    numbered.chunks(WORDS_IN_LINE).map(|words| Zeroizing::new(row(words))).collect()
}
