# Sourced by up.sh: NODES simulated nodes.
# The addresses of simulated pods answer once somebody says `ip route add local 10.128.0.0/9 dev lo` and listens on the port.
part kwok "${KWOK:?the program of build.ts}" --kubeconfig=admin.kubeconfig --manage-all-nodes=true --node-ip=$node_ip --cidr=10.128.0.0/9 \
  --node-lease-duration-seconds=40 --server-address=127.0.0.1:10247 ${KWOK_FLAGS:-} $(printf -- ' --config %s' ${KWOK_STAGES:?files that say what becomes of pods and nodes})
nodes=${NODES:-20}
for at in $(seq "$nodes"); do cat <<T
---
apiVersion: v1
kind: Node
metadata: {name: simulated-$at, labels: {type: kwok, kubernetes.io/hostname: simulated-$at}, annotations: {kwok.x-k8s.io/node: fake}}
status:
  allocatable: {cpu: "64", memory: 256Gi, ephemeral-storage: 4Ti, pods: "500"}
  capacity: {cpu: "64", memory: 256Gi, ephemeral-storage: 4Ti, pods: "500"}
T
done > nodes.yaml
kubectl apply --server-side -f nodes.yaml > log/nodes.log
until_ready "$nodes simulated nodes" kwok 120 bash -c "[ \$(kubectl get nodes --no-headers | grep -c ' Ready') = $nodes ]"
