//! Files that carry a payment between the machine with the network and the machine with the key.
//!
//! ```text
//!   unsigned  {"toycoin_unsigned":1,"network":"lab","genesis":"..","transaction":{"version":1,"inputs":[..],
//!              "outputs":[..]},"spends":[{"value":<grains>,"owner":".."},..],"change":{"vout":1}}
//!   signed    {"toycoin_signed":1,"network":"lab","genesis":"..","transaction":{..,"signatures":[".."]},"spends":[..]}
//! ```
//!
//! Each file may come from a machine that lies. Values and owners in `spends` are what the signatures sign, so a wrong
//! one makes an invalid signature and no wrong payment. `change` is signed by nobody: it is a hint where to look for an
//! owner of one's own, and whether the owner is one is seen by the key.

use std::{
    error::Error,
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use serde_json::{Value, json};
use toycoin_core::{
    Amount, BlockHash, ChainParams, Transaction, TxOut, Unsigned, consensus::check_transaction_form, sighash, verify,
};

use crate::transaction_json::{from_json, output_from_json, output_to_json, to_json};

/// Version of both forms.
const VERSION: u64 = 1;
/// Most bytes of a file that is read. The largest payment has less than 500 KiB.
const MOST_BYTES: u64 = 1 << 20;

/// A payment that was prepared elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsignedFile {
    /// The payment. It does not say which output is change.
    pub payment: Unsigned,
    /// Index of the output that the file calls change, whether there is such an output or not.
    pub change: Option<u64>,
}

/// A payment that was signed elsewhere. The signatures hold, if the coins are as the file has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedFile {
    /// The payment.
    pub payment: Transaction,
    /// The coins that it spends, in the order of its inputs.
    pub spends: Vec<TxOut>,
}

impl UnsignedFile {
    /// Reads a file; `-` stands for standard input.
    ///
    /// # Errors
    /// If it cannot be read, is no such file, or is for another network.
    pub fn read(path: &Path, params: &ChainParams) -> Result<Self, Box<dyn Error>> {
        Self::parse(&text(path)?, params).map_err(|what| format!("{}: {what}", path.display()).into())
    }

    fn parse(text: &str, params: &ChainParams) -> Result<Self, String> {
        let no_form = || "it is no payment that `wallet build` prepared".to_owned();
        let mut value: Value = serde_json::from_str(text).map_err(|_| no_form())?;
        if value.get("toycoin_signed").is_some() {
            return Err("it is signed already; `wallet send` sends it".into());
        }
        let genesis = require(&value, "toycoin_unsigned", params, no_form)?;
        let transaction = value.get_mut("transaction").and_then(Value::as_object_mut).ok_or_else(no_form)?;
        if transaction.insert("signatures".into(), json!([])).is_some() {
            return Err("its payment has signatures; what is to be signed has none".into());
        }
        let transaction = value.get("transaction").and_then(from_json).ok_or_else(no_form)?;
        let change = match value.get("change") {
            None | Some(Value::Null) => None,
            Some(change) => Some(change.get("vout").and_then(Value::as_u64).ok_or_else(no_form)?),
        };
        let spends = spends(&value).ok_or_else(no_form)?;
        let payment = Unsigned::from_parts(genesis, transaction, spends).map_err(|error| error.to_string())?;
        Ok(Self { payment, change })
    }
}

/// Returns the file of a payment that was prepared here.
pub fn unsigned_json(payment: &Unsigned, params: &ChainParams) -> Value {
    let mut transaction = to_json(payment.transaction());
    if let Some(transaction) = transaction.as_object_mut() {
        transaction.remove("signatures");
    }
    let last = payment.transaction().outputs.len().saturating_sub(1);
    json!({
        "toycoin_unsigned": VERSION,
        "network": params.spec().name,
        "genesis": params.genesis_hash().to_string(),
        "transaction": transaction,
        "spends": payment.spent().iter().map(output_to_json).collect::<Vec<_>>(),
        "change": payment.change().map(|_| json!({ "vout": last })),
    })
}

impl SignedFile {
    /// Reads a file; `-` stands for standard input. Its signatures are verified.
    ///
    /// # Errors
    /// If it cannot be read, is no such file, is for another network, or no block could hold its payment.
    pub fn read(path: &Path, params: &ChainParams) -> Result<Self, Box<dyn Error>> {
        Self::parse(&text(path)?, params).map_err(|what| format!("{}: {what}", path.display()).into())
    }

    fn parse(text: &str, params: &ChainParams) -> Result<Self, String> {
        let no_form = || "it is no payment that `wallet sign` signed".to_owned();
        let value: Value = serde_json::from_str(text).map_err(|_| no_form())?;
        if value.get("toycoin_unsigned").is_some() {
            return Err("it is not signed yet; `wallet sign` signs it where the key is".into());
        }
        require(&value, "toycoin_signed", params, no_form)?;
        let payment = value.get("transaction").and_then(from_json).ok_or_else(no_form)?;
        let file = Self { payment, spends: spends(&value).ok_or_else(no_form)? };
        file.check(params)?;
        Ok(file)
    }

    /// Returns what the payment leaves to the miner.
    pub fn fee(&self) -> Amount {
        let sum = |outputs: &[TxOut]| outputs.iter().map(|output| output.value).sum::<Amount>();
        sum(&self.spends).saturating_sub(sum(&self.payment.outputs))
    }

    /// Returns it as JSON.
    pub fn to_json(&self, params: &ChainParams) -> Value {
        json!({
            "toycoin_signed": VERSION,
            "network": params.spec().name,
            "genesis": params.genesis_hash().to_string(),
            "transaction": to_json(&self.payment),
            "spends": self.spends.iter().map(output_to_json).collect::<Vec<_>>(),
        })
    }

    /// Checks what can be judged without a chain, the signatures included.
    fn check(&self, params: &ChainParams) -> Result<(), String> {
        let Self { payment, spends } = self;
        check_transaction_form(params, payment).map_err(|error| error.to_string())?;
        let unsigned = Transaction { signatures: Vec::new(), ..payment.clone() };
        Unsigned::from_parts(params.genesis_hash(), unsigned, spends.clone()).map_err(|error| error.to_string())?;
        let message = sighash(params.genesis_hash(), payment.txid(), spends.iter().copied());
        let holds = |(coin, signature): (&TxOut, _)| verify(&coin.owner, message.as_bytes(), signature);
        match spends.iter().zip(&payment.signatures).position(|pair| !holds(pair)) {
            None => Ok(()),
            Some(input) => {
                let why = "it was changed after it was signed, or its coins are others than those that were signed";
                Err(format!("the signature of input {input} does not hold: {why}"))
            }
        }
    }
}

/// Checks the version and the network, and returns the network's genesis block.
fn require(value: &Value, form: &str, params: &ChainParams, no_form: impl Fn() -> String) -> Result<BlockHash, String> {
    match value.get(form).and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(version) => return Err(format!("it has version {version}, and this program knows {VERSION}")),
        None => return Err(no_form()),
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let (network, genesis) = (text("network").ok_or_else(&no_form)?, text("genesis").ok_or_else(&no_form)?);
    let ours = &params.spec().name;
    // it is shown, so it has to be a name
    let is_name = network.len() <= 32
        && network.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !is_name {
        return Err(no_form());
    }
    if network != ours {
        return Err(format!("it is for the network {network}, this is {ours}; try --network {network}"));
    }
    match genesis.parse() {
        Ok(genesis) if genesis == params.genesis_hash() => Ok(genesis),
        Ok(_) => Err(format!("it is for another network that is called {ours}, too: its genesis block differs")),
        Err(_) => Err(no_form()),
    }
}

fn spends(value: &Value) -> Option<Vec<TxOut>> {
    value.get("spends")?.as_array()?.iter().map(output_from_json).collect()
}

fn text(path: &Path) -> Result<String, Box<dyn Error>> {
    let (shown, mut text) = (path.display(), String::new());
    let read = match path.as_os_str() == "-" {
        true => io::stdin().lock().take(MOST_BYTES + 1).read_to_string(&mut text),
        false => File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text)),
    };
    read.map_err(|error| format!("cannot read {shown}: {error}"))?;
    match text.len() as u64 > MOST_BYTES {
        true => Err(format!("{shown} is longer than {MOST_BYTES} bytes: it holds no payment").into()),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{
        FeeRate, SecretKey,
        wallet::{Owners, Wallet},
    };

    use super::*;

    fn prepared(params: &ChainParams) -> Unsigned {
        let wallet = Wallet::watching(params.clone(), Owners::new(SecretKey::classroom(0).public_key()));
        let to = params.address(SecretKey::classroom(1).public_key());
        let rate = FeeRate::grains_per_byte(1);
        wallet.prepare(|builder| builder.pay(to, Amount::from_grains(500)).fee_rate(rate)).unwrap()
    }

    fn unsigned() -> Value {
        let params = ChainParams::lab();
        unsigned_json(&prepared(&params), &params)
    }

    fn signed() -> SignedFile {
        let payment = prepared(&ChainParams::lab());
        let spends = payment.spent().to_vec();
        SignedFile { payment: payment.sign(&SecretKey::classroom(0)).unwrap(), spends }
    }

    fn unsigned_error(value: &Value) -> String {
        UnsignedFile::parse(&value.to_string(), &ChainParams::lab()).unwrap_err()
    }

    fn signed_error(value: &Value) -> String {
        SignedFile::parse(&value.to_string(), &ChainParams::lab()).unwrap_err()
    }

    #[test]
    fn a_payment_is_carried_there_and_back() {
        let params = ChainParams::lab();
        let read = UnsignedFile::parse(&unsigned().to_string(), &params).unwrap();
        assert_eq!(read.payment.sighash(), prepared(&params).sighash());
        assert_eq!((read.change, read.payment.change()), (Some(1), None));
        let signed = signed();
        assert_eq!(signed.fee(), Amount::from_grains(16 + 100 + 80));
        assert_eq!(SignedFile::parse(&signed.to_json(&params).to_string(), &params), Ok(signed));
    }

    #[test]
    fn a_lie_about_a_coin_breaks_the_signature() {
        // a hostile machine makes the fee look small; the signature is over the value that it named
        let mut value = unsigned();
        let coin = value["spends"][0]["value"].as_u64().unwrap();
        value["spends"][0]["value"] = json!(coin - 1);
        let lie = UnsignedFile::parse(&value.to_string(), &ChainParams::lab()).unwrap();
        let payment = lie.payment.sign(&SecretKey::classroom(0)).unwrap();
        let file = SignedFile { payment, spends: signed().spends };
        let error = signed_error(&file.to_json(&ChainParams::lab()));
        assert!(error.starts_with("the signature of input 0 does not hold"), "{error}");
    }

    #[test]
    fn another_network_or_form_is_refused() {
        let change = |field: &str, to: Value| {
            let mut value = unsigned();
            value[field] = to;
            unsigned_error(&value)
        };
        let no_form = "it is no payment that `wallet build` prepared";
        assert_eq!(
            change("network", json!("reference")),
            "it is for the network reference, this is lab; try --network reference"
        );
        assert!(change("genesis", json!("ab".repeat(32))).contains("its genesis block differs"));
        assert_eq!(change("toycoin_unsigned", json!(2)), "it has version 2, and this program knows 1");
        assert_eq!(change("network", json!("\u{1b}[2J")), no_form);
        for field in ["toycoin_unsigned", "network", "genesis", "transaction", "spends", "change"] {
            assert_eq!(change(field, json!("nothing of that kind")), no_form, "{field}");
        }
        for text in ["", "[]", "7", &"[".repeat(100_000)] {
            assert_eq!(UnsignedFile::parse(text, &ChainParams::lab()), Err(no_form.into()));
        }
        assert_eq!(change("spends", json!([])), "a payment has as many coins as inputs, not 0 for 1");
    }

    #[test]
    fn the_two_forms_are_not_taken_for_each_other() {
        let (unsigned, signed) = (unsigned(), signed().to_json(&ChainParams::lab()));
        assert_eq!(unsigned_error(&signed), "it is signed already; `wallet send` sends it");
        assert_eq!(signed_error(&unsigned), "it is not signed yet; `wallet sign` signs it where the key is");
        let mut both = unsigned;
        both["transaction"] = signed["transaction"].clone();
        assert_eq!(unsigned_error(&both), "its payment has signatures; what is to be signed has none");
    }

    #[test]
    fn a_changed_signed_payment_is_refused() {
        let signed = signed().to_json(&ChainParams::lab());
        let change = |change: fn(&mut Value)| {
            let mut value = signed.clone();
            change(&mut value);
            signed_error(&value)
        };
        let more = change(|value| value["transaction"]["outputs"][0]["value"] = json!(501));
        assert!(more.starts_with("the signature of input 0 does not hold"), "{more}");
        let none = change(|value| value["transaction"]["signatures"] = json!([]));
        assert!(none.contains("R04"), "{none}");
        let coins = change(|value| value["spends"] = json!([]));
        assert!(coins.contains("not 0 for 1"), "{coins}");
    }
}
