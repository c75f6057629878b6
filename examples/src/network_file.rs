//! A network of one's own, described in a JSON file.
//!
//! ```json
//! { "name": "school", "address_prefix": "tschool", "spacing_ms": 10000,
//!   "allocations": [{ "owner": "8376...", "toycoins": 1000 }] }
//! ```
//!
//! All fields except the name are optional. A missing field has the value of the network `lab`, but without its
//! allocations. The fields are those of [`NetworkBuilder`]. An unknown field is an error, so that a typing mistake does
//! not make another network.

use std::{error::Error, fs, io::ErrorKind, path::Path, time::Duration};

use serde_json::{Map, Value};
use toycoin_core::{AddressPrefix, Amount, ChainParams, CompactTarget, NetworkBuilder};

/// Largest file that is read, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// Reads a network's parameters from a file.
///
/// # Errors
/// If the file cannot be read, is not JSON of this form, or does not describe a network; the error names file and
/// field.
pub fn read(path: &Path) -> Result<ChainParams, Box<dyn Error>> {
    let within = |error: Box<dyn Error>| -> Box<dyn Error> { format!("{}: {error}", path.display()).into() };
    let text = || {
        let length = fs::metadata(path)?.len();
        if length > MOST_BYTES {
            return Err(format!("the file has {length} bytes, a network takes at most {MOST_BYTES}").into());
        }
        let text = fs::read_to_string(path);
        text.map_err(|error| match error.kind() {
            ErrorKind::InvalidData => "the file is not a text in UTF-8".into(),
            _ => error.into(),
        })
    };
    parse(&text().map_err(within)?).map_err(within)
}

fn parse(text: &str) -> Result<ChainParams, Box<dyn Error>> {
    let not_json =
        |error: serde_json::Error| format!("not JSON, from line {} column {} on", error.line(), error.column());
    let Value::Object(fields) = serde_json::from_str(text).map_err(not_json)? else {
        return Err("a network is a JSON object, such as {\"name\": \"school\"}".into());
    };
    let name = fields.get("name").and_then(Value::as_str).ok_or("the field \"name\" is missing: a text")?;
    let mut network = ChainParams::builder(name);
    for (field, value) in &fields {
        network = set(network, field, value).map_err(|error| format!("field {field:?}: {error}"))?;
    }
    Ok(network.build()?)
}

/// Sets one field of the builder.
fn set(network: NetworkBuilder, field: &str, value: &Value) -> Result<NetworkBuilder, Box<dyn Error>> {
    let number = || value.as_u64().ok_or("a whole number that is not negative is wanted");
    let time = || number().map(Duration::from_millis);
    let text = || value.as_str().ok_or("a text is wanted");
    let bits = || -> Result<_, Box<dyn Error>> {
        let bits = u32::from_str_radix(text()?, 16).map_err(|_| "8 hex digits are wanted, such as \"1e010000\"")?;
        Ok(CompactTarget::from_bits(bits))
    };
    Ok(match field {
        "name" => network,
        "address_prefix" => {
            network.address_prefix(AddressPrefix::new(text()?).ok_or("1 to 10 lower-case letters are wanted")?)
        }
        "spacing_ms" => network.spacing(time()?),
        "half_life_ms" => network.half_life(time()?),
        "max_future_ms" => network.max_future(time()?),
        "coinbase_maturity" => network.coinbase_maturity(number()?),
        "halving_interval" => network.halving_interval(number()?),
        "block_size_limit" => network.block_size_limit(number()?),
        "genesis_bits" => network.genesis_bits(bits()?),
        "limit_bits" => network.limit_bits(bits()?),
        "genesis_time" => network.genesis_time(number()?),
        "coinbase_data" => network.coinbase_data(text()?),
        "allocations" => {
            let list = value.as_array().ok_or("a list is wanted")?;
            list.iter().try_fold(network, allocate)?
        }
        _ => return Err("there is no such field; see `ChainParams::builder` for those that there are".into()),
    })
}

fn allocate(network: NetworkBuilder, value: &Value) -> Result<NetworkBuilder, Box<dyn Error>> {
    let wanted = "each is {\"owner\": 64 hex digits, \"toycoins\": a whole number}";
    let allocation: &Map<String, Value> = value.as_object().filter(|fields| fields.len() == 2).ok_or(wanted)?;
    let owner = allocation.get("owner").and_then(Value::as_str).ok_or(wanted)?;
    let toycoins = allocation.get("toycoins").and_then(Value::as_u64).ok_or(wanted)?;
    Ok(network.allocate(owner.parse()?, Amount::from_toycoins(toycoins)?))
}

#[cfg(test)]
mod tests {
    use toycoin_core::SecretKey;

    use super::*;

    #[test]
    fn reads_a_network() {
        let owner = SecretKey::classroom(0).public_key();
        let text = format!(
            r#"{{"name":"school","address_prefix":"tschool","spacing_ms":10000,"genesis_bits":"1e00ffff",
                "allocations":[{{"owner":"{owner}","toycoins":1000}}]}}"#
        );
        let params = parse(&text).unwrap();
        let spec = params.spec();
        assert_eq!(
            (spec.name.as_str(), spec.max_future_ms, spec.genesis_bits.to_bits()),
            ("school", 50_000, 0x1e00_ffff)
        );
        assert_eq!(spec.allocations[0].value, Amount::from_toycoins(1_000).unwrap());
        assert!(params.address(owner).to_string().starts_with("tschool1"));
    }

    #[test]
    fn says_which_field_is_wrong() {
        for (text, said) in [
            ("[]", "a JSON object"),
            ("{", "not JSON, from line 1 column 1 on"),
            ("{}", "\"name\" is missing"),
            (r#"{"name":"Our School"}"#, "lower-case"),
            (r#"{"name":"a","spacing":1}"#, "field \"spacing\": there is no such field"),
            (r#"{"name":"a","spacing_ms":-1}"#, "field \"spacing_ms\": a whole number"),
            (r#"{"name":"a","address_prefix":"T"}"#, "field \"address_prefix\": 1 to 10"),
            (r#"{"name":"a","genesis_bits":"zz"}"#, "field \"genesis_bits\": 8 hex digits"),
            (r#"{"name":"a","allocations":[{}]}"#, "field \"allocations\": each is"),
            (r#"{"name":"a","allocations":[{"owner":"00","toycoins":1}]}"#, "a public key is written as 64 hex digits"),
            (r#"{"name":"a","half_life_ms":1}"#, "half-life of 1 ms is shorter"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
