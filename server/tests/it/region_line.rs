//! A line between an agent and the central instance, which can be cut in every way that lines are.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::task::{JoinHandle, JoinSet};

/// What befalls every connection that is open now.
#[derive(Debug, Clone, Copy)]
enum Order {
    /// Both sides see a reset.
    Cut,
    /// The agent sees a reset, and the central instance nothing at all.
    Lose,
    /// The central instance sees an end of what the agent says, and goes on talking.
    HalfClose,
}

/// A TCP proxy. Ends with the test.
pub struct Line {
    /// Where it listens, on loopback.
    pub port: u16,
    silent: watch::Sender<bool>,
    orders: broadcast::Sender<Order>,
    accepting: JoinHandle<()>,
}

impl Line {
    /// A line to a port of this machine.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (silent, quiet) = watch::channel(false);
        let (orders, _) = broadcast::channel(16);
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let accepting = tokio::spawn(accept(listener, to, quiet, orders.clone()));
        Self { port: own, silent, orders, accepting }
    }

    /// Nothing gets through from now on, or everything again; nobody is told.
    pub fn silence(&self, silent: bool) {
        self.silent.send_replace(silent);
    }

    /// Resets what is open.
    pub fn cut(&self) {
        self.order(Order::Cut);
    }

    /// Resets what is open on the agent's side alone.
    pub fn lose(&self) {
        self.order(Order::Lose);
    }

    /// Ends what the agent says on every connection.
    pub fn half_close(&self) {
        self.order(Order::HalfClose);
    }

    fn order(&self, order: Order) {
        self.orders.send(order).expect("no connection is open");
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    to: SocketAddr,
    silent: watch::Receiver<bool>,
    orders: broadcast::Sender<Order>,
) {
    let mut open = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let (silent, orders) = (silent.clone(), orders.subscribe());
        open.spawn(async move {
            // Nobody listens there: the client is told by the end of its connection.
            let Ok(server) = TcpStream::connect(to).await else { return };
            carry(client, server, silent, orders).await;
        });
    }
}

async fn carry(
    client: TcpStream,
    server: TcpStream,
    silent: watch::Receiver<bool>,
    mut orders: broadcast::Receiver<Order>,
) {
    let (mut client_out, mut client_in) = client.into_split();
    let (mut server_out, mut server_in) = server.into_split();
    let (half, mut halved) = watch::channel(false);
    let pumps = async {
        let up = async {
            tokio::select! {
                () = pump(&mut client_out, &mut server_in, silent.clone()) => {}
                _ = halved.wait_for(|it| *it) => {}
            }
            _ = server_in.shutdown().await;
        };
        tokio::join!(up, pump(&mut server_out, &mut client_in, silent.clone()));
    };
    let order = async {
        loop {
            match orders.recv().await {
                Ok(Order::HalfClose) => half.send_replace(true),
                Ok(order) => return order,
                Err(_) => std::future::pending().await,
            };
        }
    };
    let order = tokio::select! {
        () = pumps => return,
        order = order => order,
    };
    reset(client_out, client_in);
    match order {
        Order::Cut => reset(server_out, server_in),
        Order::Lose | Order::HalfClose => std::future::pending().await,
    }
}

async fn pump(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    mut silent: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        if silent.wait_for(|it| !*it).await.is_err() {
            return;
        }
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            _ = to.shutdown().await;
            return;
        }
    }
}

fn reset(out: OwnedReadHalf, into: OwnedWriteHalf) {
    _ = out.as_ref().set_zero_linger();
    into.forget();
}
