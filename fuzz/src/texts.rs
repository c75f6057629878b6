//! What people type.

use toycoin_core::{Address, Amount, BlockHash, FeeRate};
use toycoin_wire::Channel;

/// Throws a text at everything that reads one: what is read is shown as it was written, or as it should have been.
pub fn texts(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(address) = text.parse::<Address>() {
        assert_eq!(address.to_string(), text.to_lowercase());
        assert_eq!(Address::new(address.prefix(), address.owner()), address);
    }
    if let Ok(amount) = text.parse::<Amount>() {
        assert!(amount <= Amount::MAX_MONEY);
        assert_eq!(amount.to_string().parse(), Ok(amount));
        assert_eq!(FeeRate::grains_per_byte(1).fee(amount.grains()), amount);
    }
    if let Ok(hash) = text.parse::<BlockHash>() {
        assert_eq!(hash.to_string(), text.to_lowercase());
    }
    if let Ok(channel) = text.parse::<Channel>() {
        assert_eq!(channel.as_str(), text);
        assert!((1..=64).contains(&text.len()));
    }
}
