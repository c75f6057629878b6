use super::*;
use crate::transaction::TxOut;

#[test]
fn the_known_networks_have_the_published_genesis() {
    for (params, hash) in [
        (ChainParams::lab(), "a06468d5a0692c7dc884c746f1701e010170ba13e1713391047c614a0b4ffd75"),
        (ChainParams::reference(), "9afdba3ed80e0cc556562a0b547b9b0b722f6846430467148aeb03009f4a6019"),
        (ChainParams::regtest(), "571b9651b2c84a8b4e1c0cc29d5e27f8ab4b9f2b42dd08a4fe24e5e24a97069e"),
    ] {
        assert_eq!(params.genesis_hash().to_string(), hash, "{}", params.spec().name);
    }
    assert_eq!(
        ChainParams::lab().genesis_state().root().to_string(),
        "c1b4e3343753046447206085bb6a311a9afda2febee05ec2c0f84301d4fc050e"
    );
}

#[test]
fn refuses_parameters_that_contradict_themselves() {
    let spec = || ChainParams::lab().spec().clone();
    let bits = CompactTarget::from_bits;
    let coin = |grains| TxOut { value: Amount::from_grains(grains), owner: PublicKey::ZERO };
    let retargeting = |spacing_ms, half_life_ms| NetworkSpec {
        retargeting: Some(Retargeting { spacing_ms, half_life_ms }),
        ..spec()
    };
    let sized = |block_size_limit| NetworkSpec { block_size_limit, ..spec() };
    for (spec, error) in [
        (NetworkSpec { name: String::new(), ..spec() }, ParamsError::BadName(String::new())),
        (NetworkSpec { coinbase_maturity: 0, ..spec() }, ParamsError::ZeroMaturity),
        (NetworkSpec { halving_interval: 0, ..spec() }, ParamsError::ZeroHalving),
        (retargeting(0, 0), ParamsError::ZeroSpacing),
        (retargeting(0, 40_000), ParamsError::ZeroSpacing),
        (retargeting(1, 0), ParamsError::HalfLifeBelowSpacing { half_life_ms: 0, spacing_ms: 1 }),
        (retargeting(2_000, 1_999), ParamsError::HalfLifeBelowSpacing { half_life_ms: 1_999, spacing_ms: 2_000 }),
        (sized(0), ParamsError::BlockLimitTooSmall { limit: 0, least: 248 }),
        (sized(163), ParamsError::BlockLimitTooSmall { limit: 163, least: 248 }),
        (sized(247), ParamsError::BlockLimitTooSmall { limit: 247, least: 248 }),
        (sized(1_000_001), ParamsError::BlockLimitTooLarge { limit: 1_000_001, most: 1_000_000 }),
        (sized(3_000_000), ParamsError::BlockLimitTooLarge { limit: 3_000_000, most: 1_000_000 }),
        (sized(u64::MAX), ParamsError::BlockLimitTooLarge { limit: u64::MAX, most: 1_000_000 }),
        (NetworkSpec { limit_bits: bits(0x2000_00ff), ..spec() }, ParamsError::NonCanonicalBits(bits(0x2000_00ff))),
        (NetworkSpec { genesis_bits: bits(0), ..spec() }, ParamsError::NonCanonicalBits(bits(0))),
        (
            NetworkSpec { genesis_bits: bits(0x207f_ffff), ..spec() },
            ParamsError::BitsAboveLimit { genesis: bits(0x207f_ffff), limit: bits(0x1f01_0000) },
        ),
        (NetworkSpec { extra: vec![0; 65], ..spec() }, ParamsError::ExtraTooLong(65)),
        (NetworkSpec { genesis_time: 1 << 48, ..spec() }, ParamsError::TimeOutOfRange),
        (NetworkSpec { allocations: vec![coin(0)], ..spec() }, ParamsError::AllocationOutOfRange),
        (NetworkSpec { allocations: vec![coin(Amount::MAX_MONEY.grains())], ..spec() }, ParamsError::TooMuchMoney),
        (NetworkSpec { halving_interval: 210_001, ..spec() }, ParamsError::TooMuchMoney),
        (NetworkSpec { halving_interval: u64::MAX, ..spec() }, ParamsError::TooMuchMoney),
        (sized(248), ParamsError::GenesisTooLarge { size: 128 + 16 + 11 + 160, limit: 248 }),
    ] {
        assert_eq!(ChainParams::new(spec).unwrap_err(), error);
    }
}

#[test]
fn takes_what_just_works() {
    let spec = NetworkSpec { allocations: Vec::new(), ..ChainParams::lab().spec().clone() };
    let retargeting = Some(Retargeting { spacing_ms: 1, half_life_ms: 1 });
    for (block_size_limit, largest) in
        [(248, 0), (404, 156), (100_247, 99_999), (100_248, 100_000), (1_000_000, 100_000)]
    {
        let spec = NetworkSpec { block_size_limit, retargeting, ..spec.clone() };
        assert_eq!(ChainParams::new(spec).unwrap().max_transaction_size(), largest);
    }
}

#[test]
fn minimum_work_is_that_of_genesis_at_least() {
    let lab = ChainParams::lab();
    let own = lab.genesis().header.bits.to_target().unwrap().work();
    assert_eq!(lab.minimum_work(), own);
    for (minimum_work, expected) in [(Work::ZERO, own), (own, own), (own + own, own + own)] {
        let spec = NetworkSpec { minimum_work: Some(minimum_work), ..lab.spec().clone() };
        let params = ChainParams::new(spec).unwrap();
        assert_eq!((params.minimum_work(), params.genesis_hash()), (expected, lab.genesis_hash()));
    }
}

#[test]
fn another_text_is_another_network() {
    let spec = NetworkSpec { extra: b"my own".to_vec(), ..ChainParams::lab().spec().clone() };
    assert_ne!(ChainParams::new(spec).unwrap().genesis_hash(), ChainParams::lab().genesis_hash());
}

#[cfg(feature = "sandbox")]
#[test]
fn a_sandbox_is_never_a_real_network() {
    let spec = ChainParams::regtest().spec().clone();
    let error = ChainParams::sandbox(spec.clone(), [Rule::Signature]).unwrap_err();
    assert_eq!(error, ParamsError::SandboxOfRealNetwork);
    let spec = NetworkSpec { extra: b"sandbox".to_vec(), ..spec };
    let sandbox = ChainParams::sandbox(spec, [Rule::Signature]).unwrap();
    assert!(!sandbox.enforces(Rule::Signature) && sandbox.enforces(Rule::StateRoot));
    assert!(Rule::all().all(|rule| ChainParams::regtest().enforces(rule)));
}
