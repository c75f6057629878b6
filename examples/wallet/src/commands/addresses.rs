//! Addresses of a wallet. They need neither a network nor a passphrase, unless the wallet is private.

use std::{
    env,
    error::Error,
    io::{self, IsTerminal as _},
};

use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};
use serde_json::{Value, json};
use toycoin_examples::usage::Usage;
use toycoin_keys::Branch;

use crate::{context::Context, label_file, session::identity_of};

/// Shows the present address, or a fresh one.
///
/// # Errors
/// If there is no wallet, or its file or the labels cannot be written.
pub async fn address(
    context: &Context<'_>,
    is_new: bool,
    label: Option<&str>,
    has_qr: bool,
) -> Result<(), Box<dyn Error>> {
    let mut file = context.file()?;
    let mut identity = identity_of(&file, context.arguments).await?;
    if is_new {
        let places = identity.places_mut().ok_or_else(|| {
            Usage::new(
                "this wallet is a single key, which has one address; `wallet import` moves it to a wallet".into(),
            )
        })?;
        let mut is_given = false;
        // before it is shown, and from what the file says now: nobody may get the same one
        file.advance(|now| {
            places.catch_up(now);
            is_given = places.give_address();
            places.next()
        })?;
        if !is_given {
            let what = "10,000 addresses were given out since the last one that was paid";
            return Err(format!("{what}; `wallet balance` looks which were, or `new --account 1` makes more").into());
        }
    }
    let owner = identity.owners()?.receive();
    let address = context.params.address(owner).to_string();
    if let Some(label) = label {
        label_file::add(&file.labels(), [("addr", address.clone(), label.to_owned())])?;
    }
    let place = identity.place_of(&owner).map(|place| place.to_string());
    let mut lines = vec![address.clone()];
    if has_qr {
        let is_coloured = io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none();
        let code = qr(&address)?;
        lines.extend(if is_coloured { on_white(code) } else { code });
    }
    context.voice.both(lines, &json!({ "address": address, "place": place, "label": label }));
    Ok(())
}

/// Shows all addresses that were given out to payers.
///
/// # Errors
/// If there is no wallet.
pub async fn addresses(context: &Context<'_>) -> Result<(), Box<dyn Error>> {
    let file = context.file()?;
    let identity = identity_of(&file, context.arguments).await?;
    let labels = label_file::read_or_warn(&file.labels());
    let Some(places) = identity.places() else {
        let address = context.params.address(identity.owners()?.receive()).to_string();
        context.voice.both([&address], &json!([{ "address": address }]));
        return Ok(());
    };
    let given = places.next().receive;
    let given = places.iter().filter(|(place, _)| place.branch() == Branch::Receive && place.index() < given);
    let (mut lines, mut answer) = (Vec::new(), Vec::<Value>::new());
    for (place, owner) in given {
        let address = context.params.address(owner).to_string();
        let label = labels.text("addr", &address);
        lines.push(format!("{place:<6} {address}"));
        lines.extend(label.map(|label| format!("       \"{label}\"")));
        answer.push(json!({ "place": place.to_string(), "address": address, "label": label }));
    }
    context.voice.both(lines, &json!(answer));
    Ok(())
}

/// Returns the lines of a QR code. Upper case has a denser code, and is the same address.
fn qr(address: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let code = QrCode::with_error_correction_level(address.to_uppercase(), EcLevel::L)?;
    let image = code.render::<Dense1x2>().dark_color(Dense1x2::Dark).light_color(Dense1x2::Light).build();
    Ok(image.lines().map(str::to_owned).collect())
}

/// Returns lines in black on white, whatever the colours of the terminal are: some readers take no inverted code.
fn on_white(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| format!("\x1b[30;107m{line}\x1b[0m")).collect()
}

#[cfg(test)]
mod tests {
    use toycoin_core::{Address, ChainParams, SecretKey};
    use toycoin_examples::columns::{WIDTH, width};

    use super::*;

    #[test]
    fn a_qr_code_holds_the_address_and_fits_a_terminal() {
        let address = ChainParams::lab().address(SecretKey::classroom(0).public_key());
        let lines = qr(&address.to_string()).unwrap();
        assert!(lines.len() <= 21 && lines.iter().all(|line| width(line) <= WIDTH), "{lines:#?}");
        assert_eq!(address.to_string().to_uppercase().parse::<Address>().unwrap(), address);
    }
}
