# Sourced by node.sh and store.sh: containerd over the folder `containerd` of this run.
# What containerd, runc, CNI and the kubelet keep in fixed places stays in this mount namespace.
mkdir -p /var/lib/cni
for place in /run /var/log /var/lib/cni; do mount -t tmpfs tmpfs $place; done
cat > containerd.toml <<T
version = 2
root = "$RUN_DIR/containerd"
state = "$RUN_DIR/containerd-state"
disabled_plugins = [${NO_CRI:+\"io.containerd.grpc.v1.cri\"}]
[grpc]
  address = "/run/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "$RUN_DIR/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "lectern/pause:test"
  disable_apparmor = true
  # Without CAP_SYS_RESOURCE a negative oom_score_adj (pause: -998) is refused, and runc says only "can't get final child's PID from pipe: EOF".
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$RUN_DIR/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
T
ctr=(ctr -a "/run/containerd.sock" -n k8s.io)
