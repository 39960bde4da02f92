export default function Landing() {
  return <h1>Lectern</h1>;
}
