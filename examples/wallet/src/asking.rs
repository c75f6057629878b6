//! Asking for secrets: a passphrase, words, an extra word. None of them is ever an argument or in the environment.

use std::{
    error::Error,
    fs::File,
    io::{self, ErrorKind, IsTerminal as _, Read},
    path::Path,
};

use toycoin_examples::{signals::answer, tell, usage::Usage};
use toycoin_keys::{
    ExtraWord, Passphrase, PassphraseError, Words,
    limits::{MAX_PASSPHRASE, MAX_WORDS_TEXT},
};
use zeroize::Zeroizing;

use crate::terminal::Terminal;

/// Tries at typing the same passphrase twice, or valid words.
const TRIES: usize = 3;

/// Asks for the passphrase of a wallet, or reads it from a file.
///
/// # Errors
/// [`Usage`] if there is no terminal to ask on and no file. If the file can be read by others, or nothing is typed.
pub async fn passphrase(file: Option<&Path>) -> Result<Passphrase, Box<dyn Error>> {
    match file {
        Some(file) => from_file(file).await,
        None => Ok(Passphrase::new(&hidden("passphrase: ", "the passphrase").await?)?),
    }
}

/// Asks for a new passphrase twice, or reads it from a file.
///
/// # Errors
/// As [`passphrase`], and if the two differ each time.
pub async fn new_passphrase(file: Option<&Path>) -> Result<Passphrase, Box<dyn Error>> {
    match file {
        Some(file) => from_file(file).await,
        None => twice("new passphrase: ", "a passphrase", Passphrase::new).await,
    }
}

/// Asks for the words of a wallet. They are shown while they are typed, since they are copied from paper; in a pipe they
/// are read from standard input.
///
/// # Errors
/// If they are no words of BIP-39; the error says which one is wrong.
pub async fn words() -> Result<Words, Box<dyn Error>> {
    let is_asked = io::stdin().is_terminal();
    for left in (0..TRIES).rev() {
        if is_asked {
            tell!("the words, in their order, with blanks between them:");
        }
        let line = answer(unbuffered_line).await?.ok_or("stopped")??;
        let text = str::from_utf8(&line).map_err(|_| "the words are not text in UTF-8")?;
        match text.trim().parse::<Words>() {
            Ok(words) => return Ok(words),
            Err(error) if left == 0 || !is_asked => return Err(error.into()),
            Err(error) => tell!("{error}"),
        }
    }
    Err("no words".into())
}

/// Reads a line of standard input byte by byte: the buffer of `std::io::stdin` would keep the words as long as the
/// program runs.
fn unbuffered_line() -> io::Result<Zeroizing<Vec<u8>>> {
    // in one piece, since a vector that grows leaves copies behind
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_WORDS_TEXT + 1));
    let mut byte = Zeroizing::new([0]);
    let mut input = standard_input()?;
    while line.len() <= MAX_WORDS_TEXT {
        match input.read(byte.as_mut()) {
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(line)
}

#[cfg(unix)]
fn standard_input() -> io::Result<impl Read> {
    use std::os::fd::AsFd as _;
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(not(unix))]
fn standard_input() -> io::Result<impl Read> {
    Ok(io::stdin().lock())
}

/// Asks for the extra word if the wallet has one.
///
/// # Errors
/// As [`passphrase`], where there is no file for it.
pub async fn extra_word(is_wanted: bool) -> Result<ExtraWord, Box<dyn Error>> {
    if !is_wanted {
        return Ok(ExtraWord::none());
    }
    Ok(ExtraWord::new(&hidden("extra word: ", "the extra word").await?)?)
}

/// Asks for the extra word of a wallet that is made, if it is to have one. It is asked for twice: nothing would ever
/// tell that it was typed wrongly, and no paper has it.
///
/// # Errors
/// As [`new_passphrase`], where there is no file for it.
pub async fn new_extra_word(is_wanted: bool) -> Result<ExtraWord, Box<dyn Error>> {
    if is_wanted { twice("extra word: ", "the extra word", ExtraWord::new).await } else { Ok(ExtraWord::none()) }
}

/// Asks for the same thing twice, up to three times.
async fn twice<T>(
    prompt: &'static str,
    what: &str,
    read: impl Fn(&str) -> Result<T, PassphraseError>,
) -> Result<T, Box<dyn Error>> {
    for _ in 0..TRIES {
        let typed = hidden(prompt, what).await?;
        // it says what is wrong before it is typed again
        let secret = read(&typed)?;
        let again = hidden("the same again: ", what).await?;
        if *typed == *again {
            return Ok(secret);
        }
        tell!("the two differ");
    }
    Err(format!("not done: {what} differed each time").into())
}

/// Asks on the terminal without showing what is typed.
async fn hidden(prompt: &'static str, what: &str) -> Result<Zeroizing<String>, Box<dyn Error>> {
    let terminal = Terminal::remember();
    let read = move || rpassword::prompt_password(prompt).map(Zeroizing::new);
    let Some(typed) = answer(read).await? else {
        terminal.iter().for_each(Terminal::restore);
        return Err("stopped".into());
    };
    match typed {
        Ok(typed) => Ok(typed),
        // Ctrl-C, which the prompt takes itself
        Err(error) if error.kind() == ErrorKind::Interrupted => Err("stopped".into()),
        Err(_) => {
            // the extra word is in no file
            let hint = match what.contains("passphrase") {
                true => "--passphrase-file FILE names a file with the passphrase that only you can read",
                false => "start this where you can type",
            };
            Err(Usage::new(format!("there is no terminal to ask for {what} on; {hint}")).into())
        }
    }
}

/// Reads a passphrase: the file without the line feed at its end. A pipe may have none yet.
async fn from_file(path: &Path) -> Result<Passphrase, Box<dyn Error>> {
    let path = path.to_owned();
    let read = move || read_file(&path).map_err(|error| error.to_string());
    Ok(answer(read).await?.ok_or("stopped")??)
}

fn read_file(path: &Path) -> Result<Passphrase, Box<dyn Error>> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(format!("{shown} is a directory, and holds no passphrase; name a file").into());
    }
    require_private(path, &file)?;
    let most = MAX_PASSPHRASE + 3;
    let mut text = Zeroizing::new(String::with_capacity(most + 1));
    file.take(most as u64).read_to_string(&mut text).map_err(|error| format!("cannot read {shown}: {error}"))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    Passphrase::new(text).map_err(|error| format!("{shown}: {error}").into())
}

/// Refuses a file that others can read: its passphrase is known already.
#[cfg(unix)]
fn require_private(path: &Path, file: &File) -> Result<(), Box<dyn Error>> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(
            format!("others can read {0}; `chmod 600 {0}`, and choose another passphrase", path.display()).into()
        );
    }
    Ok(())
}

#[cfg(not(unix))]
fn require_private(_: &Path, _: &File) -> Result<(), Box<dyn Error>> {
    Ok(())
}
