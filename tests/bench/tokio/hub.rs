// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

//! A hub of server-sent events as one writes it with tokio and hyper: a broadcast channel of 100
//! events, and a task for each who listens. What is posted goes out as it came.

use std::convert::Infallible;

use hyper::body::{to_bytes, Bytes, Sender};
use hyper::service::{make_service_fn, service_fn};
use hyper::{Body, Method, Request, Response, Server};
use tokio::net::TcpSocket;
use tokio::sync::broadcast::{channel, error::RecvError, Receiver};

type Publisher = tokio::sync::broadcast::Sender<Bytes>;

async fn pass_on(mut events: Receiver<Bytes>, mut body: Sender) {
    let mut frame = Bytes::from_static(b"retry: 2000\n\n");

    while body.send_data(frame).await.is_ok() {
        frame = match events.recv().await {
            Ok(frame) => frame,
            Err(RecvError::Lagged(n)) => {
                Bytes::from(format!("event: lagged\ndata: {{\"dropped\":{n}}}\n\n"))
            }
            Err(RecvError::Closed) => return,
        };
    }
}

fn subscribe(events: Receiver<Bytes>) -> Response<Body> {
    let (sender, body) = Body::channel();

    tokio::spawn(pass_on(events, sender));
    Response::builder()
        .header("Content-Type", "text/event-stream")
        .header("Cache-Control", "no-cache")
        .body(body)
        .unwrap()
}

async fn publish(events: &Publisher, request: Request<Body>) -> Response<Body> {
    let body = to_bytes(request.into_body()).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&body);

    // Nobody may be listening.
    let _ = events.send(Bytes::from(format!("event: heartbeat\ndata: {text}\n\n")));
    Response::new(Body::from(r#"{"status":"ok"}"#))
}

async fn answer(events: Publisher, request: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(if request.method() == Method::POST {
        publish(&events, request).await
    } else {
        subscribe(events.subscribe())
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (events, _) = channel(100);
    let socket = TcpSocket::new_v4()?;

    socket.bind("127.0.0.1:0".parse()?)?;
    let listener = socket.listen(4096)?.into_std()?;
    eprintln!("hub: ready on http://{}", listener.local_addr()?);
    Server::from_tcp(listener)?
        .tcp_nodelay(true)
        .serve(make_service_fn(move |_| {
            let events = events.clone();
            async move { Ok::<_, Infallible>(service_fn(move |request| answer(events.clone(), request))) }
        }))
        .await?;
    Ok(())
}
