//! How long a proof of a long chain is, and how long it takes to make and to verify.

use std::time::{Duration, Instant};

use toycoin_core::{
    BlockHash, Chain, ChainParams, Header,
    chain::ProvedWork,
    proof::{DEFAULT_SLICES, WorkProof},
};
use toycoin_examples::{
    progress::Progress,
    signals::is_signalled,
    words::{count, grouped},
};
use toycoin_light::{Challenge, encode_proof, verify};

use crate::chain::next_block;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SyncBytes {
    headers: u64,
    samples: u64,
    bytes: u64,
    proved_in: Duration,
    verified_in: Duration,
}

/// Makes a chain of so many headers, proves its work, and verifies the proof.
pub(crate) fn measure(headers: u64) -> Result<SyncBytes, String> {
    let params = ChainParams::regtest();
    let mut chain = Chain::in_memory(params.clone());
    let mut progress =
        Progress::new("making the chain", "{bar:16} {pos} of {len}").map_err(|error| error.to_string())?;
    for height in 1..=headers {
        next_block(&mut chain, Vec::new())?;
        if height % 500 == 0 {
            progress.show(height, headers, "", || format!("{} of {}", grouped(height), count(headers, "block")));
            if is_signalled() {
                return Err("stopped".to_owned());
            }
        }
    }
    drop(progress);
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    let proved = chain.prove_work(&BlockHash::ZERO, &seed, DEFAULT_SLICES, &BlockHash::ZERO);
    let ProvedWork::Proof(proof) = proved.map_err(|error| error.to_string())? else {
        return Err("the chain is too short for a proof".to_owned());
    };
    let proved_in = begun.elapsed();
    let bytes = encode_proof(&proof).map_err(|error| error.to_string())?.len() as u64;
    let begun = Instant::now();
    let tip = verify(&params, &proof, &Challenge::new(seed), chain.tip().time).map_err(|error| error.to_string())?;
    let verified_in = begun.elapsed();
    if (tip.height(), tip.work()) != (headers, chain.tip().work) {
        return Err("the proof says another tip than the chain".to_owned());
    }
    let WorkProof { samples, .. } = *proof;
    Ok(SyncBytes { headers, samples: samples.len() as u64, bytes, proved_in, verified_in })
}

impl SyncBytes {
    /// Returns the lines, of less than 80 columns.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Self { headers, samples, bytes, proved_in, verified_in } = *self;
        let all = headers * Header::SIZE as u64;
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1_000.0);
        vec![
            format!("all headers    {:>13} bytes", grouped(all)),
            format!("the proof      {:>13} bytes, {} and the last 100", grouped(bytes), count(samples, "header")),
            format!("made in        {:>13}", ms(proved_in)),
            format!("verified in    {:>13}", ms(verified_in)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_shorter_than_the_headers() {
        let measured = measure(1_000).expect("a proof");
        assert!(measured.bytes < 1_000 * Header::SIZE as u64, "{measured:?}");
        assert!(measured.lines()[1].contains("and the last 100"), "{measured:?}");
    }
}
