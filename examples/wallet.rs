//! A wallet: makes a key, shows its balance, pays, and waits for the confirmation. It also shows what is on the chain.
//!
//!     cargo run --release --example wallet -- new
//!     cargo run --release --example wallet -- balance
//!     cargo run --release --example wallet -- pay tlab1... 2.5 --dry-run
//!     cargo run --release --example wallet -- pay tlab1... 2.5
//!     cargo run --release --example wallet -- history
//!     cargo run --release --example wallet -- block 8
//!     cargo run --release --example wallet -- balance --light
//!     cargo run --release --example wallet -- prove TXID > receipt.json
//!     cargo run --release --example wallet -- verify receipt.json
//!
//! `node --payout ADDRESS` earns the first coins. The key is a file; the chain comes from the network each time. With
//! `--light`, no chain comes: full nodes prove the tip and find the payments.

use std::{cell::Cell, error::Error, path::PathBuf, process::ExitCode, time::Duration};

use clap::{CommandFactory as _, Parser, Subcommand, error::ErrorKind};
use toycoin_core::{Address, Amount, ChainParams, FeeRate, SecretKey, Txid, wallet::Wallet};
use toycoin_examples::{
    arguments::{NetworkChoice, number},
    follow::follow,
    gave_up::GaveUp,
    history, init_logs,
    inspect::{self, BlockName},
    interrupted,
    joining::catch_up,
    key_file,
    light::{
        arguments::LightArguments, confirming::confirmation, joining::catch_up as catch_up_lightly, state_file,
        wallet::LightWallet,
    },
    meshing::ClientMeeting,
    order::{self, Order, Prepared},
    receipts, say, signalled, tell,
    words::money,
};
use toycoin_node::NodeHandle;

/// Keeps a key and pays with it.
#[derive(Parser)]
#[command(version, max_term_width = 80)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// File that holds the key.
    #[arg(long, value_name = "FILE", default_value = "toycoin.key", global = true)]
    key: PathBuf,
    #[command(flatten)]
    meeting: ClientMeeting,
    #[command(flatten)]
    network: NetworkChoice,
    #[command(flatten)]
    light: LightArguments,
    /// Give up with exit code 3 after this long without verified progress.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, global = true, value_parser = number::<u64>(1..=86_400))]
    patience: u64,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key, and show its address.
    New,
    /// Show the key's address: for payments, and for `node --payout`.
    Address,
    /// Show the value of the key's coins.
    Balance,
    /// Show what a payment costs, pay, and wait for the confirmation. On a terminal it asks first.
    Pay {
        /// Address to pay.
        address: Address,
        /// Amount in toycoins, with up to eight decimals.
        amount: Amount,
        /// Number of confirmations to wait for.
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = number::<u64>(1..))]
        wait: u64,
        /// Fee rate for the miner; by default the lowest that nodes accept, or 5000 where they accept any.
        #[arg(long, value_name = "GRAINS_PER_BYTE", value_parser = number::<u64>(..))]
        fee_rate: Option<u64>,
        /// Pay without being asked, even if the fee looks like a mistake.
        #[arg(long, short)]
        yes: bool,
        /// Show what it costs, and send nothing.
        #[arg(long, conflicts_with = "yes")]
        dry_run: bool,
    },
    /// Show incoming and outgoing payments.
    History,
    /// Print a receipt of a payment, for whom it paid; this and what follows needs no key.
    Prove {
        /// Transaction id.
        txid: Txid,
        /// Output of the payment that the receipt is about, from 0; may be repeated [default: 0].
        #[arg(long, value_name = "N")]
        output: Vec<u32>,
    },
    /// Verify a receipt without a network, and say what it shows and what not.
    Verify {
        /// File with the receipt; - for standard input.
        receipt: PathBuf,
    },
    /// Show the tip of the chain.
    Tip,
    /// Show a block.
    Block {
        /// Height or hash.
        block: BlockName,
    },
    /// Show a payment.
    Tx {
        /// Transaction id.
        txid: Txid,
    },
    /// Show the payments that wait for a block, those that came since this program joined.
    Mempool,
    /// Show the other nodes.
    Peers {
        /// One line of JSON for each.
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    /// Returns the order, if the command is to pay.
    fn order(&self) -> Option<Order> {
        let Self::Pay { address: to, amount, wait: confirmations, fee_rate, yes: is_agreed, dry_run: is_rehearsal } =
            *self
        else {
            return None;
        };
        let fee_rate = fee_rate.map(FeeRate::grains_per_byte);
        Some(Order { to, amount, fee_rate, confirmations, is_agreed, is_rehearsal })
    }

    /// Returns whether the command only looks at the chain, for which no key is needed.
    const fn only_looks(&self) -> bool {
        matches!(self, Self::Tip | Self::Block { .. } | Self::Tx { .. } | Self::Mempool | Self::Peers { .. })
    }

    /// Returns whether the command needs what a wallet without a chain does not have.
    const fn needs_chain(&self) -> bool {
        self.only_looks() && !matches!(self, Self::Tip)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_logs();
    toycoin_examples::run(run(&arguments))
}

async fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    // before a key is made for a network that there is not
    let params = arguments.network.params()?;
    if arguments.light.light && arguments.command.needs_chain() {
        let what = "--light has no chain to show this from; leave it out, so that the wallet fetches the chain";
        Arguments::command().error(ErrorKind::ArgumentConflict, what).exit();
    }
    match &arguments.command {
        Command::Prove { txid, output } => return prove(arguments, params, *txid, output).await,
        Command::Verify { receipt } => {
            let lines = receipts::verified(&receipts::read(receipt)?, &params)?;
            lines.iter().for_each(|line| say!("{line}"));
            return Ok(());
        }
        Command::Tip if arguments.light.light => return light_tip(arguments, params).await,
        command if command.only_looks() => return look(arguments, params).await,
        _ => {}
    }
    let key = match arguments.command {
        Command::New => key_file::create(&arguments.key)?,
        _ => key_file::read(&arguments.key)?,
    };
    match arguments.command {
        Command::New | Command::Address => say!("{}", params.address(key.public_key())),
        _ if arguments.light.light => without_chain(arguments, params, key).await?,
        _ => online(arguments, params, key).await?,
    }
    Ok(())
}

async fn look(arguments: &Arguments, params: ChainParams) -> Result<(), Box<dyn Error>> {
    let node = arguments.meeting.node(params, "wallet").await?.spawn().await?;
    let look = async {
        arguments.meeting.wait(&node).await?;
        catch_up(&node, Duration::from_secs(arguments.patience)).await?;
        match arguments.command {
            Command::Block { block } => inspect::block(&node, block).await,
            Command::Tx { txid } => inspect::payment(&node, txid).await,
            Command::Mempool => inspect::mempool(&node).await,
            Command::Peers { json } => inspect::peers(&node, json).await,
            _ => inspect::tip(&node).await,
        }
    };
    tokio::select! {
        signal = interrupted() => signal?,
        lines = look => lines?.iter().for_each(|line| say!("{line}")),
    }
    Ok(node.shutdown().await?)
}

async fn online(arguments: &Arguments, params: ChainParams, key: SecretKey) -> Result<(), Box<dyn Error>> {
    if let Command::Pay { address, .. } = arguments.command {
        address.require(params.spec().address_prefix)?;
    }
    let node = arguments.meeting.node(params.clone(), "wallet").await?.spawn().await?;
    let sent = Cell::new(None);
    let is_stopped = tokio::select! {
        // a payment goes on when nobody reads what the wallet says
        signal = signalled() => signal.map(|()| true)?,
        result = act(arguments, Wallet::new(params, key.clone()), &key, &node, &sent) => result.map(|()| false)?,
    };
    node.shutdown().await?;
    if is_stopped { stopped(arguments, sent.get()) } else { Ok(()) }
}

/// Carries out a command with a light client.
async fn without_chain(arguments: &Arguments, params: ChainParams, key: SecretKey) -> Result<(), Box<dyn Error>> {
    if let Command::Pay { address, .. } = arguments.command {
        address.require(params.spec().address_prefix)?;
    }
    let builder = arguments.meeting.light(params.clone(), "wallet").await?;
    let file = state_file::beside(&arguments.key);
    let wallet = Wallet::new(params.clone(), key.clone());
    let mut light = LightWallet::open(builder, &params, wallet, file, arguments.light.birthday).await?;
    let sent = Cell::new(None);
    let ended = tokio::select! {
        signal = signalled() => signal.map(|()| true).map_err(Into::into),
        result = act_lightly(arguments, &mut light, &key, &sent) => result.map(|()| false),
    };
    // what was found is worth keeping, and what was done is done, whether or not it can be kept
    if let Err(error) = light.save().await {
        tell!("note: {error}");
    }
    if ended? { stopped(arguments, sent.get()) } else { Ok(()) }
}

/// Returns how a command ends that was stopped by a signal.
fn stopped(arguments: &Arguments, sent: Option<Txid>) -> Result<(), Box<dyn Error>> {
    if !matches!(arguments.command, Command::Pay { dry_run: false, .. }) {
        return Ok(());
    }
    // whoever started it must not take this for a payment that was made
    match sent {
        Some(txid) => Err(GaveUp::new(format!(
            "stopped before a confirmation; the payment was sent and may still be confirmed: `wallet tx {txid}` shows \
             whether it is"
        ))
        .into()),
        None => Err("not paid: stopped, and nothing was sent".into()),
    }
}

async fn act(
    arguments: &Arguments,
    mut wallet: Wallet,
    key: &SecretKey,
    node: &NodeHandle,
    sent: &Cell<Option<Txid>>,
) -> Result<(), Box<dyn Error>> {
    arguments.meeting.wait(node).await?;
    catch_up(node, Duration::from_secs(arguments.patience)).await?;
    follow(node, std::slice::from_mut(&mut wallet)).await?;
    match arguments.command {
        Command::Pay { dry_run: is_rehearsal, .. } => {
            let order = arguments.command.order().ok_or("this is no order to pay")?;
            order::pay(node, &mut wallet, key, &order, sent).await?;
            if is_rehearsal {
                return Ok(());
            }
            follow(node, std::slice::from_mut(&mut wallet)).await?;
        }
        Command::History => history::lines(node, &wallet).await?.iter().for_each(|line| say!("{line}")),
        _ => {}
    }
    say_balance(&wallet);
    Ok(())
}

async fn act_lightly(
    arguments: &Arguments,
    light: &mut LightWallet,
    key: &SecretKey,
    sent: &Cell<Option<Txid>>,
) -> Result<(), Box<dyn Error>> {
    let params = light.client().params().clone();
    let patience = Duration::from_secs(arguments.patience);
    let mut joined_at = catch_up_lightly(light, &arguments.meeting, patience).await?;
    if let Some(order) = arguments.command.order() {
        let Some(Prepared { payment, fee }) = order::prepare(&params, light.wallet_mut(), key, &order).await? else {
            return Ok(());
        };
        let txid = payment.txid();
        say!("payment {txid}");
        sent.set(Some(txid));
        let (height, confirmations) = confirmation(light, &payment, fee, order.confirmations).await?;
        say!("{}", order::confirmed_line(height, confirmations));
        joined_at = catch_up_lightly(light, &arguments.meeting, patience).await?;
    } else if matches!(arguments.command, Command::History) {
        history::light_lines(light, &params).iter().for_each(|line| say!("{line}"));
    }
    say_balance(light.wallet());
    light.doubt(joined_at).iter().for_each(|line| say!("{line}"));
    Ok(())
}

fn say_balance(wallet: &Wallet) {
    let balance = wallet.balance();
    say!("{} toycoins at height {}", money(balance.total()), wallet.height());
    if let Some(last) = wallet.immature().map(|(_, coin)| wallet.matures_at(&coin)).max() {
        let (now, rewards) = (money(balance.available), money(balance.immature));
        say!("{now} can be spent now; {rewards} are immature rewards, the last until block {last}");
    }
}

async fn prove(arguments: &Arguments, params: ChainParams, txid: Txid, outputs: &[u32]) -> Result<(), Box<dyn Error>> {
    let patience = Duration::from_secs(arguments.patience);
    tokio::select! {
        signal = interrupted() => signal?,
        receipt = receipts::prove(&arguments.meeting, &params, txid, outputs, patience) => say!("{}", receipt?),
    }
    Ok(())
}

async fn light_tip(arguments: &Arguments, params: ChainParams) -> Result<(), Box<dyn Error>> {
    let patience = Duration::from_secs(arguments.patience);
    tokio::select! {
        signal = interrupted() => signal?,
        lines = receipts::tip(&arguments.meeting, &params, patience) => lines?.iter().for_each(|line| say!("{line}")),
    }
    Ok(())
}
