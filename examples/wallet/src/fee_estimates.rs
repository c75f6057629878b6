//! Fee rates that a node with a page estimates (`node --view`): docs/view-api.md, `/fee-estimates`.

use std::{error::Error, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use toycoin_core::FeeRate;
use toycoin_examples::gave_up::GaveUp;

/// Most bytes of an answer that are read. It has less than 100.
const MOST: u64 = 64 << 10;
/// Longest wait for the answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the node at an address, such as `127.0.0.1:8420`, for the fee rate that confirms a payment within so many blocks.
/// It is rounded up to whole grains per byte.
///
/// # Errors
/// [`GaveUp`] if nobody answers there. If the answer is no estimate.
pub async fn within(address: &str, blocks: u64) -> Result<FeeRate, Box<dyn Error>> {
    let hint = "`node --view` starts one that estimates; --fee-rate names a rate";
    let answer = match timeout(PATIENCE, ask(address)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Err(GaveUp::new(format!("no estimate from {address}: {error}; {hint}")).into()),
        Err(_) => return Err(GaveUp::new(format!("no estimate from {address} in time; {hint}")).into()),
    };
    estimate(&answer, blocks).ok_or_else(|| format!("what {address} answers is no fee estimate; {hint}").into())
}

/// Makes one request of HTTP/1.0, which is answered in one piece.
async fn ask(address: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /api/fee-estimates HTTP/1.0\r\nHost: {address}\r\nAccept: application/json\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Returns the rate for at most so many blocks: that of the largest number which is not above it.
fn estimate(answer: &[u8], blocks: u64) -> Option<FeeRate> {
    let (head, body) = std::str::from_utf8(answer).ok()?.split_once("\r\n\r\n")?;
    let status = head.lines().next()?.split(' ').nth(1)?;
    let body: Value = serde_json::from_str(body).ok().filter(|_| status == "200")?;
    let rates =
        body.as_object()?.iter().filter_map(|(within, rate)| Some((within.parse::<u64>().ok()?, rate.as_f64()?)));
    let (_, rate) = rates.filter(|(within, _)| *within <= blocks).max_by_key(|(within, _)| *within)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is checked to be in range")]
    let whole = (0.0..1e15).contains(&rate).then(|| rate.ceil() as u64)?;
    Some(FeeRate::grains_per_byte(whole))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    const BODY: &str = r#"{"1":12.5,"2":7.0,"3":0.0,"6":0.0,"12":0.0,"24":0.0,"144":0.0}"#;

    fn answer(status: &str, body: &str) -> Vec<u8> {
        format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n\r\n{body}").into_bytes()
    }

    #[test]
    fn the_nearest_number_of_blocks_decides() {
        let rate = |blocks| estimate(&answer("200 OK", BODY), blocks).map(FeeRate::to_grains_per_byte);
        assert_eq!([rate(1), rate(2), rate(5), rate(1_000)], [Some(13), Some(7), Some(0), Some(0)]);
        assert_eq!(rate(0), None);
    }

    #[test]
    fn anything_else_is_no_estimate() {
        for wrong in [
            answer("404 Not Found", BODY),
            answer("200 OK", "[]"),
            answer("200 OK", r#"{"1":-1.0}"#),
            answer("200 OK", r#"{"1":1e300}"#),
            answer("200 OK", r#"{"1":"12"}"#),
            b"\xff\r\n\r\n{}".to_vec(),
            Vec::new(),
        ] {
            assert_eq!(estimate(&wrong, 1), None, "{}", String::from_utf8_lossy(&wrong));
        }
    }

    #[tokio::test]
    async fn asks_a_node_and_says_when_nobody_is_there() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 256];
            let read = stream.read(&mut request).await.unwrap();
            assert!(request[..read].starts_with(b"GET /api/fee-estimates HTTP/1.0\r\nHost: 127.0.0.1:"));
            stream.write_all(&answer("200 OK", BODY)).await.unwrap();
        };
        let (rate, ()) = tokio::join!(within(&address, 2), serve);
        assert_eq!(rate.unwrap(), FeeRate::grains_per_byte(7));
        drop(listener);
        assert!(within(&address, 2).await.unwrap_err().is::<GaveUp>());
    }
}
