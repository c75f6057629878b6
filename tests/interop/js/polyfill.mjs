// js-libp2p uses Promise.withResolvers, which Node has from 22 on; this is for Node 20.
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new Promise((...ends) => { [resolve, reject] = ends })
  return { promise, resolve, reject }
}
