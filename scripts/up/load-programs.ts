import './load-only.ts';
import '../../lib/gateway/main.ts';
import '../../lib/controller/main.ts';
// What the controller's hub loads once it knows its settings.
import '../../lib/adapters/local/run-dir.ts';
import '../../lib/adapters/local/spawner.ts';
