//! Many payments at once: a file with a line for each.

use std::{error::Error, fs::File, io::Read as _, path::Path};

use toycoin_core::{Address, Amount, ChainParams, TransactionBuilder};
use toycoin_keys::Labels;

/// Most bytes of a file that is read.
const MOST_BYTES: u64 = 1 << 20;
/// Most payments in it: what fits into one transaction with a coin.
const MOST: usize = 2_000;

/// Recipients with amounts and labels, in the order of their lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentList(Vec<(Address, Amount, Option<String>)>);

impl PaymentList {
    /// Reads lines of address, amount and, if wanted, label, with commas between them. A label may hold commas. Empty
    /// lines are skipped, and so are those that begin with `#` and a first line `address,amount`.
    ///
    /// # Errors
    /// If the file cannot be read, a line is wrong, or an address is of another network.
    pub fn read(path: &Path, params: &ChainParams) -> Result<Self, Box<dyn Error>> {
        let shown = path.display();
        let mut text = String::new();
        let read = File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text));
        read.map_err(|error| format!("cannot read {shown}: {error}"))?;
        if text.len() as u64 > MOST_BYTES {
            return Err(format!("{shown} is longer than {MOST_BYTES} bytes; split it").into());
        }
        Self::parse(&text, params).map_err(|what| format!("{shown}: {what}").into())
    }

    fn parse(text: &str, params: &ChainParams) -> Result<Self, String> {
        let mut payments = Vec::new();
        // spreadsheets put a mark before the text
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            let is_head = number == 1 && line.starts_with("address,");
            if line.is_empty() || line.starts_with('#') || is_head {
                continue;
            }
            payments.push(one(line, params).map_err(|what| format!("line {number}: {what}"))?);
            if payments.len() > MOST {
                return Err(format!("more than {MOST} payments; split it"));
            }
        }
        if payments.is_empty() { Err("there is no payment in it".into()) } else { Ok(Self(payments)) }
    }

    /// Adds all payments to a builder.
    pub fn add_to<'a>(&self, builder: TransactionBuilder<'a>) -> TransactionBuilder<'a> {
        self.0.iter().fold(builder, |builder, (to, amount, _)| builder.pay(*to, *amount))
    }

    /// Returns the labels of addresses.
    pub fn labels(&self) -> Vec<(String, String)> {
        let label = |(to, _, label): &(Address, Amount, Option<String>)| Some((to.to_string(), label.clone()?));
        self.0.iter().filter_map(label).collect()
    }
}

fn one(line: &str, params: &ChainParams) -> Result<(Address, Amount, Option<String>), String> {
    let mut fields = line.splitn(3, ',').map(str::trim);
    let (Some(to), Some(amount)) = (fields.next(), fields.next()) else {
        return Err("it has to be an address, a comma and an amount".into());
    };
    let to: Address = to.parse().map_err(|error| format!("{error}"))?;
    let to = to.require(params.spec().address_prefix).map_err(|error| error.to_string())?;
    let amount: Amount = amount.parse().map_err(|error| format!("{error}"))?;
    let label = fields.next().filter(|label| !label.is_empty());
    // 1,5 and 1,000 would pay 1
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(first) = label.and_then(|label| label.split(',').next()).filter(|first| is_number(first.trim())) {
        return Err(format!("{first} behind the amount is no label; amounts have a point and no commas, such as 1.5"));
    }
    label.map_or(Ok(()), Labels::require_text).map_err(|error| error.to_string())?;
    Ok((to, amount, label.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use toycoin_core::SecretKey;

    use super::*;

    #[test]
    fn reads_lines_and_says_which_one_is_wrong() {
        let params = ChainParams::lab();
        let to = |index| params.address(SecretKey::classroom(index).public_key());
        let text = format!("\u{feff}address,amount,label\n\n# March\n{}, 1.5 , rent, and heat\r\n{},2\n", to(0), to(1));
        let list = PaymentList::parse(&text, &params).unwrap();
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        assert_eq!(list.0, [(to(0), amount("1.5"), Some("rent, and heat".into())), (to(1), amount("2"), None)]);
        assert_eq!(list.labels(), [(to(0).to_string(), "rent, and heat".to_owned())]);

        let foreign = ChainParams::regtest().address(to(0).owner());
        for (text, wrong) in [
            (String::new(), "there is no payment in it"),
            (format!("{}\n", to(0)), "line 1: it has to be an address, a comma and an amount"),
            (format!("{},1\n{},x\n", to(0), to(0)), "line 2: "),
            (format!("{foreign},1\n"), "line 1: "),
            (format!("{},1,5\n", to(0)), "line 1: 5 behind the amount is no label"),
            (format!("{},1,{}\n", to(0), "a".repeat(256)), "line 1: a label has 1 to 255 characters"),
            (format!("{},1,000,rent\n", to(0)), "line 1: 000 behind the amount is no label"),
            (format!("{},1\n", to(0)).repeat(MOST + 1), "more than 2000 payments"),
        ] {
            let error = PaymentList::parse(&text, &params).unwrap_err();
            assert!(error.starts_with(wrong), "{error}");
        }
    }
}
