//! (in the making)

pub mod machine;
