//! Attacks for the sake of fees: a large fee in the newest block is worth more than the next subsidy.

mod sniping;

pub use self::sniping::FeeSniping;
