//! Attacks for the sake of fees: the fees in the newest block are worth more than the next subsidy.

mod sniping;
mod undercutter;
mod undercutting;

pub use self::{sniping::FeeSniping, undercutting::Undercutting};
