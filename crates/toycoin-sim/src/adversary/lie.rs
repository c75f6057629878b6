//! The ways in which a server lies to light clients.

/// A way in which a server lies to light clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Lie {
    /// It answers nothing.
    Silent,
    /// It claims more work than any chain has, and answers truthfully.
    ClaimsWork,
    /// It changes proofs of work, of ancestry and of inclusion.
    TampersProofs,
    /// It gives other headers than those that were asked for: of another place, in another order, without work, from
    /// the future.
    OtherHeaders,
    /// It answers with bytes that are no message.
    Garbage,
    /// It answers with empty lists.
    Empty,
    /// It answers NOTF.
    NotFound,
    /// It leaves all payments out of the filters.
    HidesPayments,
    /// It gives filters of blocks that do not exist, of other blocks, or none.
    FalseFilters,
    /// It changes bodies.
    SwapsBodies,
    /// It proves a tip that is twenty blocks old.
    OldTips,
    /// It answers with a proof for another seed.
    OtherSeed,
    /// It answers with headers and proofs of another network.
    OtherNetwork,
}

impl Lie {
    /// Every lie.
    pub const ALL: [Self; 13] = [
        Self::Silent,
        Self::ClaimsWork,
        Self::TampersProofs,
        Self::OtherHeaders,
        Self::Garbage,
        Self::Empty,
        Self::NotFound,
        Self::HidesPayments,
        Self::FalseFilters,
        Self::SwapsBodies,
        Self::OldTips,
        Self::OtherSeed,
        Self::OtherNetwork,
    ];
}
