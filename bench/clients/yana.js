// npm yana as its manual has it: every event parsed and handed to one listener.
'use strict';
const AMI = require('yana');
const [port, events] = process.argv.slice(2).map(Number);
const ami = new AMI({ host: '127.0.0.1', port, login: 'bench', password: 'bench' });
let seen = 0;
let began;
let beganCpu;
ami.on('event', () => {
  if (seen === 0) {
    began = process.hrtime.bigint();
    beganCpu = process.cpuUsage();
  }
  seen += 1;
  if (seen === events) {
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    const cpu = process.cpuUsage(beganCpu);
    const cpuSeconds = (cpu.user + cpu.system) / 1e6;
    console.log(JSON.stringify({
      seconds, cpu_seconds: cpuSeconds, per_second: events / seconds, per_cpu_second: events / cpuSeconds
    }));
    process.exit(0);
  }
});
ami.connect();
