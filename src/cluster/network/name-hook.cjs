// Loaded into every Node process of a pod (NODE_OPTIONS=--require) before its own code. It stands in for
// what a container has and a process has not: names of the cluster resolve (dns.lookup, and so fetch, http
// and net), ports below 1024 of Services are found where an ordinary user's cluster has them, and a server
// for all addresses gets the pod's. The rest of the world stays as it is.
// Plain JavaScript and `require`, since taking types away would cost each start 50 ms, and this costs 5.
"use strict";
const dns = require("node:dns");
const { syncBuiltinESMExports } = require("node:module");
const net = require("node:net");
const { constants } = require("node:os");
const { promisify } = require("node:util");

const domain = ".cluster.local";
const firstUnprivilegedPort = 1024;
const patience = { timeout: 1_000, tries: 3 };
const refused = -constants.errno.ECONNREFUSED;
const env = process.env;
const podIp = env.POD_IP ?? "";
const namespace = env.POD_NAMESPACE || "default";
const serviceBlock = /^(\d+\.\d+\.)0\.0\/16$/.exec(env.DUNLIN_SERVICE_RANGE ?? "")?.[1];

if (env.DUNLIN_CLUSTER_DNS) {
  hookNames(env.DUNLIN_CLUSTER_DNS);
  hookResolve(dns, dns.Resolver, env.DUNLIN_CLUSTER_DNS);
  hookResolve(dns.promises, dns.promises.Resolver, env.DUNLIN_CLUSTER_DNS);
}
if (net.isIPv4(podIp)) hookListen();
if (serviceBlock || net.isIPv4(podIp)) hookConnect();
syncBuiltinESMExports();

function hookNames(server) {
  const plainLookup = dns.lookup;
  const plainPromise = dns.promises.lookup;
  const aliases = hostAliases();
  let resolver;

  function lookup(hostname, options, callback) {
    const done = typeof options === "function" ? options : callback;
    const given = typeof options === "object" && options !== null ? options : { family: options };
    const wanted = typeof options === "function" ? {} : given;
    const plain = () => Reflect.apply(plainLookup, this, arguments);
    if (typeof hostname !== "string" || typeof done !== "function") return plain();
    const alias = aliases.get(hostname.toLowerCase());
    if (alias) {
      process.nextTick(answer, hostname, [alias], wanted, done);
      return {};
    }
    const search = candidatesOf(hostname);
    if (search.names.length === 0) return plain();
    resolve(search.names).then(
      (found) => {
        // Out of the promise, so that what the callback throws is the program's own error.
        if (found?.alias) process.nextTick(dns.lookup, found.alias, wanted, done);
        else if (found) process.nextTick(answer, hostname, found.addresses, wanted, done);
        else if (search.isCluster) process.nextTick(done, lookupError("ENOTFOUND", hostname));
        else process.nextTick(plain);
      },
      () => {
        if (search.isCluster) process.nextTick(done, lookupError("EAI_AGAIN", hostname));
        else process.nextTick(plain);
      },
    );
    return {};
  }

  /** Undefined when none of the names is known; rejects when the server does not answer. */
  async function resolve(names) {
    if (!resolver) {
      resolver = new dns.promises.Resolver(patience);
      resolver.setServers([server]);
    }
    for (const name of names) {
      try {
        const addresses = await resolver.resolve4(name);
        if (addresses.length > 0) return { addresses };
        const [alias] = await resolver.resolveCname(name);
        if (alias) return { alias };
      } catch (error) {
        if (error.code !== "ENOTFOUND" && error.code !== "ENODATA") throw error;
      }
    }
    return undefined;
  }

  function lookupPromise(hostname, options) {
    return new Promise((done, fail) => {
      dns.lookup(hostname, options ?? {}, (error, address, family) => {
        if (error) fail(error);
        else done(options?.all ? address : { address, family });
      });
    });
  }

  Object.defineProperty(lookup, promisify.custom, { value: lookupPromise });
  dns.lookup = lookup;
  dns.promises.lookup = (hostname, options) =>
    typeof hostname === "string" &&
    (aliases.has(hostname.toLowerCase()) || candidatesOf(hostname).names.length > 0)
      ? lookupPromise(hostname, typeof options === "number" ? { family: options } : options)
      : plainPromise(hostname, options);
}

/** Queries for records, of which only whole names are meant for the cluster: no search list applies. */
function hookResolve(api, Resolver, server) {
  let resolver;
  for (const method of ["resolve", "resolve4", "resolve6", "resolveCname", "resolveSrv"]) {
    const plain = api[method];
    api[method] = function (name, ...rest) {
      if (typeof name !== "string" || !/\.cluster\.local\.?$/i.test(name))
        return Reflect.apply(plain, this, [name, ...rest]);
      if (!resolver) {
        resolver = new Resolver(patience);
        resolver.setServers([server]);
      }
      return resolver[method](name, ...rest);
    };
  }
}

/** What /etc/hosts of a container would say: the pod's aliases, and its own name. */
function hostAliases() {
  const aliases = new Map();
  if (env.HOSTNAME && podIp) aliases.set(env.HOSTNAME.toLowerCase(), podIp);
  try {
    for (const [name, ip] of Object.entries(JSON.parse(env.DUNLIN_HOST_ALIASES || "{}")))
      aliases.set(name.toLowerCase(), ip);
  } catch {
    // Somebody else's variable of that name: there are no aliases in it.
  }
  return aliases;
}

/** The cluster's names that may be meant, in the order of a container's search list. */
function candidatesOf(hostname) {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  if (name.endsWith(domain)) return { names: [name], isCluster: true };
  const labels = name.split(".");
  if (labels.length > 2 && labels.at(-1) === "svc")
    return { names: [name + domain], isCluster: true };
  const isElsewhere = name === "" || net.isIP(name) > 0 || labels.at(-1) === "localhost";
  if (isElsewhere || hostname.endsWith(".") || labels.length > 3)
    return { names: [], isCluster: false };
  const within = labels.length < 3 ? [`${name}.${namespace}.svc${domain}`] : [];
  const beside = labels.length > 1 ? [`${name}.svc${domain}`] : [];
  return { names: [...within, ...beside], isCluster: false };
}

/** As dns.lookup answers. The cluster's addresses are all of IPv4. */
function answer(hostname, addresses, { all, family }, done) {
  if (family === 6 || family === "IPv6") return done(lookupError("ENOTFOUND", hostname));
  if (all)
    return done(
      null,
      addresses.map((address) => ({ address, family: net.isIP(address) })),
    );
  return done(null, addresses[0], net.isIP(addresses[0]));
}

function lookupError(code, hostname) {
  const error = new Error(`getaddrinfo ${code} ${hostname}`);
  const errno = code === "ENOTFOUND" ? -3008 : -3001;
  return Object.assign(error, { errno, code, syscall: "getaddrinfo", hostname });
}

/** Ports at which this process listens at the pod's address in place of all addresses. */
const podPorts = new Set();

/**
 * All pods share one network, so that the second server for all addresses would find its port taken. A
 * port of 0 is nobody's, and stays as it is.
 */
function hookListen() {
  // It is called with the server as its `this`.
  // oxlint-disable-next-line typescript/unbound-method
  const plainListen = net.Server.prototype.listen;
  const isEverywhere = (host) =>
    host === undefined || host === null || host === "" || host === "0.0.0.0" || host === "::";
  net.Server.prototype.listen = function listen(...args) {
    const [first, second] = args;
    if (typeof first === "object" && first !== null) {
      const isPort = Number(first.port) > 0 && first.path === undefined && first.fd === undefined;
      if (isPort && isEverywhere(first.host)) {
        podPorts.add(Number(first.port));
        args[0] = { ...first, host: podIp, ipv6Only: false };
      }
    } else if (Number(first) > 0 && (typeof second !== "string" || isEverywhere(second))) {
      podPorts.add(Number(first));
      args.splice(1, typeof second === "string" ? 1 : 0, podIp);
    }
    return Reflect.apply(plainListen, this, args);
  };
}

/**
 * Where a connection goes is known last of all to the socket's handle, whose class has no public name:
 * the first connection shows it.
 */
function hookConnect() {
  // It is called with the socket as its `this`.
  // oxlint-disable-next-line typescript/unbound-method
  const plainConnect = net.Socket.prototype.connect;
  let known = false;
  net.Socket.prototype.connect = function connect(...args) {
    const result = Reflect.apply(plainConnect, this, args);
    const handle = this._handle;
    if (!known && typeof handle?.connect6 === "function") {
      known = true;
      hookHandle(Object.getPrototypeOf(handle));
    }
    return result;
  };
}

function hookHandle(handle) {
  const { bind, connect, connect6 } = handle;
  handle.connect = function (request, address, port, ...rest) {
    let [host, at] = [address, port];
    if (address === "127.0.0.1" && podIp) {
      if (podPorts.has(port)) host = podIp;
      else elseAtPod(request, port);
    } else if (serviceBlock && address.startsWith(serviceBlock)) {
      if (port < firstUnprivilegedPort) at = 65_536 - firstUnprivilegedPort + port;
      // So that the Service's affinity and the pod behind it see who asks.
      if (podIp && !request.localAddress) Reflect.apply(bind, this, [podIp, 0, 0]);
    }
    return Reflect.apply(connect, this, [request, host, at, ...rest]);
  };
  handle.connect6 = function (request, address, port, ...rest) {
    return address === "::1" && podPorts.has(port)
      ? Reflect.apply(connect, this, [request, podIp, port])
      : Reflect.apply(connect6, this, [request, address, port, ...rest]);
  };

  /** What is refused at 127.0.0.1 may be another container of the pod, which listens for all addresses. */
  function elseAtPod(request, port) {
    const { oncomplete } = request;
    request.oncomplete = function (status, socket, ...rest) {
      if (status === refused) {
        const again = () => {
          const next = Object.assign(new request.constructor(0), request, { oncomplete });
          return Reflect.apply(connect, socket, [next, podIp, port]);
        };
        // Linux answers the first call after a refusal with that refusal, once more.
        if (again() === 0 || again() === 0) return;
      }
      Reflect.apply(oncomplete, this, [status, socket, ...rest]);
    };
  }
}
