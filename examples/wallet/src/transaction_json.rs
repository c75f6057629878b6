//! Payments as JSON, in the form that an export and a receipt have.
//!
//! ```text
//!   {"version":1,"inputs":[{"txid":"..","vout":0}],"outputs":[{"value":<grains>,"owner":".."}],"signatures":[".."]}
//! ```

use serde_json::{Value, json};
use toycoin_core::{
    Amount, OutPoint, PublicKey, Signature, Transaction, TxOut,
    hex::{self, Hex},
};

/// Returns a payment as JSON.
pub fn to_json(transaction: &Transaction) -> Value {
    let Transaction { version, inputs, outputs, signatures } = transaction;
    let input = |OutPoint { txid, vout }: &OutPoint| json!({ "txid": txid.to_string(), "vout": vout });
    let signature = |signature: &Signature| Hex(signature.as_bytes()).to_string();
    json!({
        "version": version,
        "inputs": inputs.iter().map(input).collect::<Vec<_>>(),
        "outputs": outputs.iter().map(output_to_json).collect::<Vec<_>>(),
        "signatures": signatures.iter().map(signature).collect::<Vec<_>>(),
    })
}

/// Returns the payment of JSON; `None` if it is none. Whether it is valid is not looked at.
pub fn from_json(value: &Value) -> Option<Transaction> {
    let list = |name: &str| value.get(name)?.as_array();
    let input = |value: &Value| {
        let vout = u32::try_from(value.get("vout")?.as_u64()?).ok()?;
        Some(OutPoint { txid: value.get("txid")?.as_str()?.parse().ok()?, vout })
    };
    let signature = |value: &Value| Some(Signature::from_bytes(hex::decode(value.as_str()?)?));
    Some(Transaction {
        version: u32::try_from(value.get("version")?.as_u64()?).ok()?,
        inputs: list("inputs")?.iter().map(input).collect::<Option<_>>()?,
        outputs: list("outputs")?.iter().map(output_from_json).collect::<Option<_>>()?,
        signatures: list("signatures")?.iter().map(signature).collect::<Option<_>>()?,
    })
}

/// Returns an output, or a coin, as JSON.
pub fn output_to_json(output: &TxOut) -> Value {
    json!({ "value": output.value.grains(), "owner": output.owner.to_string() })
}

/// Returns the output of JSON; `None` if it is none.
pub fn output_from_json(value: &Value) -> Option<TxOut> {
    let owner = PublicKey::from_bytes(hex::decode(value.get("owner")?.as_str()?)?);
    Some(TxOut { value: Amount::from_grains(value.get("value")?.as_u64()?), owner })
}

#[cfg(test)]
mod tests {
    use toycoin_core::{ChainParams, FeeRate, SecretKey, wallet::Wallet};

    use super::*;

    #[test]
    fn a_payment_comes_back_and_nothing_else_does() {
        let params = ChainParams::lab();
        let to = params.address(SecretKey::classroom(1).public_key());
        let mut wallet = Wallet::new(params, SecretKey::classroom(0));
        let payment = wallet.pay(to, Amount::from_grains(7), FeeRate::ZERO).unwrap();
        let value = to_json(&payment);
        assert_eq!(from_json(&value), Some(payment));
        for field in ["version", "inputs", "outputs", "signatures"] {
            let mut broken = value.clone();
            broken[field] = json!("nothing of that kind");
            assert_eq!(from_json(&broken), None, "{field}");
        }
        for (list, field, wrong) in [
            ("inputs", "vout", json!(u64::MAX)),
            ("inputs", "txid", json!("00")),
            ("outputs", "value", json!(-1)),
            ("outputs", "owner", json!("zz")),
        ] {
            let mut broken = value.clone();
            broken[list][0][field] = wrong;
            assert_eq!(from_json(&broken), None, "{list} {field}");
        }
    }
}
