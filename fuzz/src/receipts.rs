//! Receipts in files.

use toycoin_core::ChainParams;
use toycoin_light::ReceiptFile;

/// Throws a file at the reader of receipts and at their verifier: what is read is shown again with the same meaning, and
/// what is verified is a payment below a tip.
pub fn receipts(data: &[u8]) {
    let Ok(file) = ReceiptFile::read(data) else { return };
    assert_eq!(ReceiptFile::read(file.to_string().as_bytes()).as_ref(), Ok(&file));
    if let Ok(shown) = file.verify(&ChainParams::regtest(), u64::MAX) {
        assert!(shown.confirmations() >= 1 && shown.block.height <= shown.tip.height);
        assert_eq!(shown.paid_outputs().count(), shown.paid.len());
        assert_eq!(shown.other_outputs().count() + shown.paid.len(), shown.outputs.len());
    }
}
