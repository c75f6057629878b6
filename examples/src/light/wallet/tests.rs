use std::fs;

use tokio::time::timeout;
use toycoin_core::{Chain, FeeRate, MemoryStore, SecretKey};
use toycoin_node::{NodeBuilder, NodeHandle, RelayHandle, RelayServer, relay::RelayConfig};

use super::*;
use crate::{
    follow::follow,
    history::{self, Kind, Row, Wanted},
};

/// Longer than anything here takes; no test waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(60);
/// Height of the chain.
const HEIGHT: u64 = 24;
/// Who pays, has a coin of genesis, and is paid by the first, in the order in which they are added.
const KEYS: [u32; 4] = [5, 0, 6, 1];

fn owner(index: u32) -> PublicKey {
    SecretKey::classroom(index).public_key()
}

fn owners(keys: &[u32]) -> Owners {
    Owners::new(owner(keys[0])).with(keys.iter().map(|key| owner(*key)))
}

fn wallet(keys: &[u32]) -> Wallet {
    Wallet::watching(ChainParams::regtest(), owners(keys))
}

/// A chain on which the owners pay each other, and mine.
fn chain() -> Result<MemoryStore, Box<dyn Error>> {
    let params = ChainParams::regtest();
    let mut chain = Chain::in_memory(params.clone());
    let mut payers = [0, 1, 5].map(|index| (index, Wallet::new(params.clone(), SecretKey::classroom(index))));
    while chain.tip().height < HEIGHT {
        let height = chain.tip().height + 1;
        let (from, to, amount) = match height {
            4 => (0, 5, "7"),
            9 => (5, 6, "2"),
            12 => (1, 5, "3"),
            17 => (0, 1, "0.5"),
            _ => (0, 0, "0"),
        };
        let mut payments = Vec::new();
        if amount != "0" {
            let (_, payer) = payers.iter_mut().find(|(index, _)| *index == from).ok_or("a payer")?;
            payments.push(payer.pay(params.address(owner(to)), amount.parse()?, FeeRate::grains_per_byte(1))?);
        }
        let miner = if height == 14 { 6 } else { 9 };
        let time = chain.tip().time + 1_000;
        let block = chain.template(payments, owner(miner), b"", time)?.mine_trivial();
        chain.apply(block.clone(), time)?;
        payers.iter_mut().try_for_each(|(_, payer)| payer.connect(&block))?;
    }
    Ok(chain.into_store())
}

/// A relay, and two nodes that have the chain.
struct Network {
    _relay: RelayHandle,
    address: String,
    nodes: [NodeHandle; 2],
}

impl Network {
    async fn start() -> Result<Self, Box<dyn Error>> {
        let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default())?;
        let address = relay.local_addr().to_string();
        let store = chain()?;
        let node = || NodeBuilder::new(ChainParams::regtest()).store(store.clone()).relay(&*address);
        Ok(Self { _relay: relay.spawn()?, nodes: [node().spawn().await?, node().spawn().await?], address })
    }

    fn client(&self) -> LightBuilder {
        LightClient::builder(ChainParams::regtest()).relay(&*self.address)
    }
}

async fn open(builder: LightBuilder, keys: &[u32], file: &Path) -> Result<LightWallet, Box<dyn Error>> {
    LightWallet::open(builder, &ChainParams::regtest(), wallet(keys), file.to_owned(), None).await
}

/// Follows until all blocks are searched and two nodes agree.
async fn catch_up(light: &mut LightWallet) -> Result<(), Box<dyn Error>> {
    while !(light.is_searched() && light.progress() == (HEIGHT, HEIGHT)) {
        light.next().await?;
    }
    Ok(())
}

/// Asserts that two wallets know the same.
fn assert_alike(found: &LightWallet, wanted: &LightWallet) {
    let (one, other) = (found.wallet(), wanted.wallet());
    assert_eq!((one.balance(), one.history()), (other.balance(), other.history()));
    assert!(one.spendable().eq(other.spendable()) && one.immature().eq(other.immature()));
    assert_eq!((one.tip(), one.height()), (other.tip(), other.height()));
    assert!(one.owners().iter().eq(other.owners().iter()));
    assert_eq!(found.view, wanted.view);
}

fn run_test(name: &str, test: impl AsyncFnOnce(PathBuf) -> Result<(), Box<dyn Error>>) {
    let folder = std::env::temp_dir().join(format!("toycoin-light-wallet-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(async { timeout(DEADLINE, test(folder.clone())).await.expect("it ends in time") });
    fs::remove_dir_all(&folder).unwrap();
    result.unwrap();
}

#[test]
fn owners_added_late_find_what_those_from_the_start_find() {
    run_test("late", async |folder| {
        let network = Network::start().await?;
        let mut whole = open(network.client(), &KEYS, &folder.join("whole")).await?;
        catch_up(&mut whole).await?;
        assert_eq!(whole.wallet().history().len(), 6, "genesis, four payments and a reward");

        let mut light = open(network.client(), &KEYS[..1], &folder.join("light")).await?;
        catch_up(&mut light).await?;
        assert_eq!(light.wallet().history().len(), 3);
        // one by one and together, before and after the search for the earlier ones has ended
        light.watch_more(owners(&KEYS[1..2])).await?;
        assert!(!light.is_searched());
        catch_up(&mut light).await?;
        light.watch_more(owners(&KEYS[2..3])).await?;
        light.watch_more(owners(&[KEYS[3], KEYS[0]])).await?;
        assert!(!light.is_searched());
        catch_up(&mut light).await?;
        assert_alike(&light, &whole);
        assert_eq!(light.wallet().owners().receive(), owner(KEYS[3]));

        // owners that it has cost no search
        light.watch_more(owners(&KEYS)).await?;
        assert!(light.is_searched());
        Ok(())
    });
}

#[test]
fn owners_added_before_the_first_block_are_found_too() {
    run_test("early", async |folder| {
        let network = Network::start().await?;
        let mut whole = open(network.client(), &KEYS, &folder.join("whole")).await?;
        let mut light = open(network.client(), &KEYS[..1], &folder.join("light")).await?;
        light.watch_more(owners(&KEYS[1..])).await?;
        catch_up(&mut light).await?;
        catch_up(&mut whole).await?;
        assert_alike(&light, &whole);
        Ok(())
    });
}

#[test]
fn added_owners_are_there_in_the_next_run() {
    run_test("kept", async |folder| {
        let file = folder.join("light");
        let network = Network::start().await?;
        let mut light = open(network.client(), &KEYS[..1], &file).await?;
        catch_up(&mut light).await?;
        light.watch_more(owners(&KEYS[1..])).await?;
        // what is not searched yet is waited for
        catch_up(&mut light).await?;
        light.save().await?;
        let state = state_file::read(&file)?.ok_or("a state")?;
        assert_eq!(state.owners, KEYS.map(owner).into());

        // no relay and no node: all is from the file, also for a wallet with fewer owners
        let nowhere = || LightClient::builder(ChainParams::regtest());
        for keys in [&KEYS[..], &KEYS[..1]] {
            assert_alike(&open(nowhere(), keys, &file).await?, &light);
        }
        // an owner that the file lacks is searched for from the beginning, and others have no use for it
        for keys in [&[5, 7][..], &[7]] {
            let other = open(nowhere(), keys, &file).await?;
            assert_eq!((other.progress(), other.wallet().history().len()), ((0, 0), 0));
        }
        Ok(())
    });
}

#[test]
fn history_is_that_of_a_full_node_but_for_who_paid() {
    run_test("history", async |folder| {
        let network = Network::start().await?;
        let mut light = open(network.client(), &KEYS[..2], &folder.join("light")).await?;
        catch_up(&mut light).await?;
        let node = &network.nodes[0];
        let mut full = wallet(&KEYS[..2]);
        follow(node, std::slice::from_mut(&mut full)).await?;
        let label = |txid: &Txid| Some(txid.to_string());
        let wanted = Wanted { label: &label, ..Wanted::default() };
        let rows = history::rows(node, &full, &wanted).await?;
        assert!(rows.iter().any(|row| row.kind == Kind::Received && row.others == [owner(1)]), "{rows:#?}");
        let nobody = |row: Row| if row.kind == Kind::Received { Row { others: Vec::new(), ..row } } else { row };
        assert_eq!(history::light_rows(&light, &wanted), rows.into_iter().map(nobody).collect::<Vec<_>>());
        Ok(())
    });
}

#[test]
fn number_of_owners_is_bounded() {
    run_test("many", async |folder| {
        let many = |number: u32| {
            (0..number).map(|number| {
                let mut bytes = [0; 32];
                bytes[..4].copy_from_slice(&number.to_be_bytes());
                PublicKey::from_bytes(bytes)
            })
        };
        let nowhere = LightClient::builder(ChainParams::regtest());
        let mut light = open(nowhere, &KEYS[..1], &folder.join("light")).await?;
        let error = light.watch_more(owners(&KEYS[..1]).with(many(65_536))).await.unwrap_err().to_string();
        assert_eq!(error, "a light wallet watches at most 65536 addresses, not 65537");
        assert_eq!(light.wallet().owners().iter().count(), 1, "none is added");
        let nowhere = LightClient::builder(ChainParams::regtest());
        let wallet = Wallet::watching(ChainParams::regtest(), owners(&KEYS[..1]).with(many(65_536)));
        let opened = LightWallet::open(nowhere, &ChainParams::regtest(), wallet, folder.join("other"), None).await;
        assert!(opened.is_err());
        Ok(())
    });
}
