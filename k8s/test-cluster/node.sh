# Sourced by up.sh: one real node. Images are those of STORE, which is only read: this run has copies of its two databases, and its
# own place for what its containers write.
: "${STORE:?made by store.sh}"
. "$here/containerd.sh"
snapshots=io.containerd.snapshotter.v1.overlayfs
mkdir -p containerd/$snapshots/snapshots containerd/io.containerd.content.v1.content
cp -r "$STORE/io.containerd.metadata.v1.bolt" containerd/
cp "$STORE/$snapshots/metadata.db" containerd/$snapshots/
mount --bind "$STORE/io.containerd.content.v1.content" containerd/io.containerd.content.v1.content
for unpacked in "$STORE/$snapshots/snapshots"/*; do
  mkdir "containerd/$snapshots/snapshots/${unpacked##*/}"
  mount --bind "$unpacked" "containerd/$snapshots/snapshots/${unpacked##*/}"
done

# Its sockets have short paths (107 letters at most), its volumes a disk: what is written to tmpfs counts as a pod's memory.
mkdir cni kubelet kubelet-logs /run/kubelet
mount --bind kubelet /run/kubelet
# The bridge plugin enforces no NetworkPolicy.
cat > cni/10-bridge.conflist <<T
{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$RUN_DIR/cni-addresses", "ranges": [[{"subnet": "$pods"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
T
sysctl -qw net.ipv4.ip_forward=1
# A browser beside the cluster takes the address a pod's link gives itself for another network, and drops its connections.
[ ! -d /proc/sys/net/ipv6 ] || sysctl -qw net.ipv6.conf.default.disable_ipv6=1
part containerd containerd --config containerd.toml
until_ready containerd containerd 60 "${ctr[@]}" version

# The kubelet wants its root in every hierarchy, with a cpuset that is filled. (The second form is cgroup v2.)
if [ -d /sys/fs/cgroup/memory ]; then
  for controller in cpu cpuacct cpuset memory devices freezer blkio pids systemd; do
    [ -d /sys/fs/cgroup/$controller ] && mkdir -p /sys/fs/cgroup/$controller/$CGROUP
  done
  for file in cpuset.cpus cpuset.mems; do cat /sys/fs/cgroup/cpuset/$file > /sys/fs/cgroup/cpuset/$CGROUP/$file; done
else
  mkdir /sys/fs/cgroup/$CGROUP
  for controller in cpu cpuset memory pids; do echo +$controller > /sys/fs/cgroup/cgroup.subtree_control || true; done
fi
cat > kubelet.yaml <<T
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $RUN_DIR/pki/ca.crt}}
authorization: {mode: Webhook}
containerRuntimeEndpoint: unix:///run/containerd.sock
podLogsDir: $RUN_DIR/kubelet-logs
cgroupDriver: cgroupfs
cgroupRoot: /$CGROUP
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
podPidsLimit: 200
address: $node_ip
healthzBindAddress: 127.0.0.1
resolvConf: ""
maxPods: 250
eventRecordQPS: 0
kubeAPIQPS: 200
kubeAPIBurst: 400
evictionHard: {memory.available: 200Mi, nodefs.available: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100
nodeStatusUpdateFrequency: 5s
T
part kubelet "$hyper" kubelet --v=1 --config=kubelet.yaml --kubeconfig=kubelet.kubeconfig --hostname-override=node1 --node-ip=$node_ip --root-dir=/run/kubelet --cert-dir=pki/kubelet
cat > proxy.yaml <<T
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: $RUN_DIR/admin.kubeconfig}
clusterCIDR: $pods
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
nodePortAddresses: [$node_ip/32]
conntrack: {maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
T
part kube-proxy "$hyper" kube-proxy --v=1 --config=proxy.yaml --hostname-override=node1
until_ready 'the node' kubelet 120 bash -c "kubectl get node node1 --no-headers | grep -q ' Ready'"
