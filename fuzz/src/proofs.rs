//! Proofs of light clients.

use std::{collections::BTreeSet, sync::LazyLock};

use toycoin_core::proof::{AncestryProof, WorkProof};
use toycoin_light::{
    Challenge, ProvedTip, Start, decode_proof, encode_proof,
    test_util::{HeaderChain, Prover, networks, work_of},
    verify, verify_ancestry,
};
use toycoin_wire::codec;

use super::script::Script;

/// A chain, and right proofs of it.
struct Bench {
    chain: HeaderChain,
    proofs: Vec<(Challenge, Vec<u8>)>,
    tip: ProvedTip,
    ancestry: Vec<u8>,
}

/// A chain with retargeting and one without: in the second, every other hash is a proof of work.
static BENCHES: LazyLock<[Bench; 2]> = LazyLock::new(|| {
    [networks::moving(), networks::fixed()].map(|params| Bench::new(HeaderChain::grown(params, 300, 1)))
});

impl Bench {
    fn new(chain: HeaderChain) -> Self {
        let prover = Prover::new(&chain);
        let start = |height: usize| {
            let entry = &chain.entries()[height];
            let own_work = work_of(entry.header.bits);
            Start { height: entry.header.height, hash: entry.hash, work: entry.work, own_work }
        };
        let asked = Challenge { slices: 3, ..Challenge::new([1; 32]) };
        let challenges = [asked, asked.with_start(start(150)), asked.with_start(start(250)), Challenge::FILE];
        let encoded = |challenge: Challenge| {
            (challenge, encode_proof(&prover.prove(&challenge)).expect("a short chain has a short proof"))
        };
        let proofs: Vec<_> = challenges.into_iter().map(encoded).collect();
        let now = chain.tip().header.time;
        let tip = verify(chain.params(), &prover.prove(&asked), &asked, now).expect("an honest proof");
        let ancestry = prover.prove_ancestry(300, &BTreeSet::from([0, 1, 100, 101, 299]));
        let ancestry = codec::encode(&ancestry, usize::MAX).expect("five headers");
        Self { chain, proofs, tip, ancestry }
    }

    /// Verifies a proof. Whatever passes is a proof of this chain's work: only the tip can be another one, as heavy.
    fn judge(&self, challenge: &Challenge, proof: &WorkProof) {
        let honest = self.chain.tip();
        let Ok(tip) = verify(self.chain.params(), proof, challenge, honest.header.time) else { return };
        assert_eq!((tip.height(), tip.work()), (honest.header.height, honest.work));
        assert!(tip.tail().iter().all(|proved| self.is_ours(proved)));
    }

    /// Verifies ancestors. Whatever passes is a header of this chain.
    fn judge_ancestry(&self, proof: &AncestryProof) {
        let Ok(headers) = verify_ancestry(self.chain.params(), &self.tip, proof) else { return };
        assert_eq!(headers.len(), proof.items.len());
        assert!(headers.iter().all(|proved| self.is_ours(proved)));
    }

    fn is_ours(&self, proved: &toycoin_light::ProvedHeader) -> bool {
        let entry = usize::try_from(proved.height()).ok().and_then(|height| self.chain.entries().get(height));
        entry.is_some_and(|entry| (entry.hash, entry.work) == (proved.hash(), proved.work()))
    }
}

/// Throws proofs at the verifiers, from nothing or as right ones with changes: what decodes is encoded to the same
/// bytes, and nothing that is accepted says other than the chain.
pub fn proofs(data: &[u8]) {
    let mut script = Script::new(data);
    let choice = script.byte();
    let bench = &BENCHES[usize::from(choice & 1)];
    let (challenge, proof) = &bench.proofs[usize::from(choice >> 1) % bench.proofs.len()];
    let is_ancestry = choice & 0x40 != 0;
    let mut bytes = if is_ancestry { bench.ancestry.clone() } else { proof.clone() };
    if choice & 0x80 != 0 {
        bytes = data.get(1..).unwrap_or_default().to_vec();
    } else {
        while !script.is_over() {
            change(&mut bytes, &mut script);
        }
    }
    if is_ancestry {
        if let Ok(proof) = codec::decode::<AncestryProof>(&bytes, usize::MAX) {
            assert_eq!(codec::encode(&proof, usize::MAX).as_deref(), Ok(bytes.as_slice()));
            bench.judge_ancestry(&proof);
        }
    } else if let Ok(proof) = decode_proof(&bytes) {
        assert_eq!(encode_proof(&proof).as_deref(), Ok(bytes.as_slice()));
        bench.judge(challenge, &proof);
    }
}

/// Changes bytes: one of them, or as many as a header, a sample or a node has.
fn change(bytes: &mut Vec<u8>, script: &mut Script<'_>) {
    let (kind, at) = (script.byte(), usize::from(script.number()));
    if bytes.is_empty() {
        return;
    }
    let at = at % bytes.len();
    let length = [1, 8, 32, 128, 200][usize::from(kind >> 2) % 5];
    let end = bytes.len().min(at + length);
    match kind & 3 {
        0 => bytes[at] ^= script.byte(),
        1 => drop(bytes.drain(at..end)),
        2 => {
            let copy = bytes[at..end].to_vec();
            bytes.splice(at..at, copy);
        }
        _ => {
            let new = script.slice();
            let end = bytes.len().min(at + new.len());
            bytes.splice(at..end, new.iter().copied());
        }
    }
}
