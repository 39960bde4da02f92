#!/bin/bash
# up.sh api|kwok|node CMD... : brings a real Kubernetes up in the namespaces it runs in, then runs CMD there.
#   api   etcd, API server, controller manager, scheduler
#   kwok  and NODES simulated nodes, whose pods are only said to run
#   node  and one real node: containerd, runc, kubelet, kube-proxy
# CMD finds the cluster by LECTERN_TEST_KUBECONFIG (as KUBECONFIG, too) and `kubectl` in its PATH. Each part is started by a script
# of its own, $LECTERN_TEST_CLUSTER/parts/<name>, beside its <name>.pid: a test may kill a part and start it again.
set -euo pipefail
[ $$ -eq 1 ] || { echo 'up.sh: run it by in-namespaces.sh' >&2; exit 2; }
mode=$1; shift
here=$(cd "$(dirname "$0")" && pwd)
hyper=${HYPER:?the program of build.ts}
caller=$PWD
node_ip=10.199.0.1 services=10.96.0.0/16 pods=10.244.0.0/16

cd "$RUN_DIR"
mkdir bin parts log pki
mkdir -m 700 etcd
began=${EPOCHREALTIME/./}
say() { local us=$((${EPOCHREALTIME/./} - began)); printf '[%3d.%02d s] %s\n' $((us / 1000000)) $((us / 10000 % 100)) "$*" >&2; }

part() { # NAME CMD...
  local name=$1; shift
  { echo '#!/bin/bash'; printf 'cd %q\necho $$ > parts/%s.pid\nexec' "$RUN_DIR" "$name"; printf ' %q' "$@"; echo " >> log/$name.log 2>&1"; } > "parts/$name"
  chmod +x "parts/$name"
  "parts/$name" &
  echo $! > "parts/$name.pid"
}

until_ready() { # NAME PART SECONDS CMD...: waits for CMD to succeed, as long as the part lives
  local name=$1 part=$2 end=$((SECONDS + $3)); shift 3
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $end ] || ! kill -0 $(cat "parts/$part.pid"); then say "$name: not ready"; tail -n 20 log/*.log >&2; exit 1; fi
    sleep 0.1
  done
  say "$name: ready"
}

ip link set lo up
# The node's address is on `lo`, for not every kernel has dummy devices. The Service range is routed there too: this namespace has
# no default route, and an address without any is "unreachable" before kube-proxy's rules see it.
ip addr add $node_ip/32 dev lo
ip route add $services dev lo src $node_ip

cd pki
key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
certificate() { # NAME SUBJECT NAMES
  openssl req $key -keyout "$1.key" -out "$1.csr" -subj "$2"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out "$1.crt" -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth' "$3")
}
{
  openssl req -x509 $key -keyout ca.key -out ca.crt -subj /CN=test-ca -days 2
  openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:prime256v1 -out service-accounts.key
  openssl pkey -in service-accounts.key -pubout -out service-accounts.pub
  certificate apiserver /CN=kube-apiserver "IP:127.0.0.1,IP:$node_ip,IP:10.96.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default.svc"
  certificate kubelet-client /O=system:masters/CN=apiserver-kubelet-client DNS:apiserver
} 2>../log/openssl.log || { cat ../log/openssl.log >&2; exit 1; }
cat > tokens.csv <<'T'
admin-token,admin,admin,system:masters
controller-manager-token,system:kube-controller-manager,controller-manager
scheduler-token,system:kube-scheduler,scheduler
kubelet-token,system:node:node1,node1,system:nodes
T
cd ..
for who in admin controller-manager scheduler kubelet; do cat > $who.kubeconfig <<T
apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "https://127.0.0.1:6443", certificate-authority: $RUN_DIR/pki/ca.crt}}]
users: [{name: $who, user: {token: $who-token}}]
contexts: [{name: test, context: {cluster: test, user: $who}}]
current-context: test
T
done
printf '#!/bin/bash\nexec %q kubectl "$@"\n' "$hyper" > bin/kubectl
chmod +x bin/kubectl
export PATH=$RUN_DIR/bin:$PATH KUBECONFIG=$RUN_DIR/admin.kubeconfig LECTERN_TEST_KUBECONFIG=$RUN_DIR/admin.kubeconfig LECTERN_TEST_CLUSTER=$RUN_DIR

part etcd "$hyper" etcd --name test --data-dir etcd --unsafe-no-fsync --logger zap --log-level warn \
  --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
  --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 --initial-cluster test=http://127.0.0.1:2380
part kube-apiserver "$hyper" kube-apiserver --v=1 --etcd-servers=http://127.0.0.1:2379 --bind-address=0.0.0.0 --advertise-address=$node_ip --secure-port=6443 \
  --service-cluster-ip-range=$services --authorization-mode=Node,RBAC --token-auth-file=pki/tokens.csv --client-ca-file=pki/ca.crt \
  --tls-cert-file=pki/apiserver.crt --tls-private-key-file=pki/apiserver.key --cert-dir=pki \
  --kubelet-client-certificate=pki/kubelet-client.crt --kubelet-client-key=pki/kubelet-client.key \
  --kubelet-preferred-address-types=InternalIP --allow-privileged=true --enable-admission-plugins=NodeRestriction \
  --service-account-issuer=https://kubernetes.default.svc --service-account-key-file=pki/service-accounts.pub --service-account-signing-key-file=pki/service-accounts.key
until_ready etcd etcd 60 curl -sf http://127.0.0.1:2379/health
until_ready kube-apiserver kube-apiserver 180 curl -sf --cacert pki/ca.crt https://127.0.0.1:6443/readyz
part kube-controller-manager "$hyper" kube-controller-manager --v=1 --kubeconfig=controller-manager.kubeconfig --leader-elect=false \
  --use-service-account-credentials=true --service-account-private-key-file=pki/service-accounts.key --root-ca-file=pki/ca.crt \
  --cluster-signing-cert-file=pki/ca.crt --cluster-signing-key-file=pki/ca.key --cluster-cidr=$pods --service-cluster-ip-range=$services \
  --allocate-node-cidrs=false --kube-api-qps=200 --kube-api-burst=400 --bind-address=127.0.0.1 --cert-dir=pki ${CONTROLLER_MANAGER_FLAGS:-}
cat > scheduler.yaml <<T
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection: {kubeconfig: $RUN_DIR/scheduler.kubeconfig, qps: 1000, burst: 2000}
leaderElection: {leaderElect: false}
T
part kube-scheduler "$hyper" kube-scheduler --v=1 --config=scheduler.yaml --bind-address=127.0.0.1 --cert-dir=pki
until_ready 'the first service account' kube-controller-manager 60 kubectl get serviceaccount default

case $mode in
  api) ;;
  kwok | node) . "$here/$mode.sh" ;;
  *) echo "up.sh: no such mode: $mode" >&2; exit 2 ;;
esac
say 'the cluster is up'

rc=0
(cd "$caller" && exec "$@") || rc=$?
if [ $rc -ne 0 ] && [ -n "${KEEP_LOGS:-}" ]; then
  rm -rf "$KEEP_LOGS"
  mkdir -p "$KEEP_LOGS"
  cp log/* "$KEEP_LOGS"
  say "ended with $rc; the cluster's logs are in $KEEP_LOGS"
fi
# All parts end by SIGKILL, with this PID namespace: the API server hangs on SIGTERM once etcd is gone.
exit $rc
