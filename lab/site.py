"""The lab's Asterisk configuration: the repository's own dialplan and samples, plus what is only the lab's.

Pure text in, text out: `render(host, size, secrets)` gives every file of one host's /etc/asterisk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lab import office
from lab.layout import (
    ALL_NETS,
    CTL_NETS,
    EDGE,
    EMG,
    HOTLINE,
    NODES,
    PBX_A,
    PBX_B,
    PHONES,
    REPOSITORY,
    RUN_INSIDE,
    SIP_PORT,
    Host,
    Net,
    Size,
)

MOMENT = "cti-moment"
SORRY = "cti-sorry"
CALLBACK = "cti-callback"
SEAT_TEST = "cti-seat-test"

# Everything the lab uses and nothing else: starts in a second, and a missing module shows here, not in production.
_MODULES = """
res_timing_timerfd res_sorcery_config res_sorcery_memory res_sorcery_astdb res_pjproject res_crypto res_rtp_asterisk
res_pjsip res_pjsip_session res_pjsip_sdp_rtp res_pjsip_caller_id res_pjsip_endpoint_identifier_ip
res_pjsip_endpoint_identifier_user res_pjsip_header_funcs res_pjsip_nat res_pjsip_rfc3326 res_pjsip_pubsub
res_pjsip_refer res_pjsip_registrar res_pjsip_outbound_registration res_pjsip_authenticator_digest
res_pjsip_outbound_authenticator_digest res_pjsip_dlg_options res_pjsip_dtmf_info res_pjsip_logger res_pjsip_acl
res_security_log chan_pjsip
app_dial app_exec app_playback app_read app_queue app_stack app_userevent app_echo app_mixmonitor app_softhangup
bridge_simple bridge_native_rtp bridge_softmix bridge_holding bridge_builtin_features
codec_ulaw codec_alaw codec_a_mu codec_resample format_pcm format_wav
func_callerid func_channel func_cut func_devstate func_dialplan func_global func_groupcount func_hangupcause func_logic func_math
func_rand func_sha1 func_strings func_pjsip_aor func_pjsip_contact func_pjsip_endpoint func_env func_db
pbx_config res_musiconhold res_manager_devicestate res_parking cdr_csv
""".split()

_EMPTY = tuple(f"{name}.conf" for name in "acl ccss cel features res_parking pjproject queuerules queues udptl".split())


@dataclass(frozen=True, slots=True)
class Secrets:
    """What one host's configuration must not share with the repository."""

    system_name: str
    cti: str
    lab: str


Change = Callable[[Host, dict[str, str]], dict[str, str]]
"""One host's files → its files of another site."""


def as_it_is(_host: Host, files: dict[str, str]) -> dict[str, str]:
    """Change nothing."""
    return files


def with_records(host: Host, files: dict[str, str]) -> dict[str, str]:
    """Every call leaves a CDR: the truth of a drift run. It costs processor time in each call, so other runs go without."""
    return files if host is PHONES else files | {"cdr.conf": "[general]\nenable=yes\nunanswered=yes\n[csv]\nusegmtime=yes\n"}


def with_callbacks(host: Host, files: dict[str, str]) -> dict[str, str]:
    """The daemon may have the edge ring callers up."""
    return with_originate(files) if host is EDGE else files


def with_originate(files: dict[str, str]) -> dict[str, str]:
    """The daemon's account may place calls there."""
    rights = "write = call,agent,user,reporting"
    if rights not in files["manager.conf"]:
        raise ValueError("the sample's rights are other ones now")
    return files | {"manager.conf": files["manager.conf"].replace(rights, f"{rights},originate", 1)}


def render(host: Host, size: Size, secrets: Secrets) -> dict[str, str]:
    """Return the configuration files of one Asterisk, by file name."""
    files = {
        "asterisk.conf": _asterisk(host, secrets),
        "modules.conf": _modules(host),
        "logger.conf": "[general]\nqueue_log=yes\n[logfiles]\nmessages => notice,warning,error\nsecurity => security\n",
        "rtp.conf": "[general]\nrtpstart=10000\nrtpend=19999\nicesupport=no\n",
        "musiconhold.conf": f"[default]\nmode=files\ndirectory={RUN_INSIDE}/data/moh\n",
        "cdr.conf": "[general]\nenable=no\n",
    }
    files["indications.conf"] = (
        "[general]\ncountry=cn\n[cn]\ndescription=China\nringcadence=1000,4000\ndial=450\nbusy=450/350,0/350\n"
        "ring=450/1000,0/4000\ncongestion=450/700,0/700\n"
    )
    # Present but empty: a missing file is an error in the log, and the log should hold only what matters.
    files |= dict.fromkeys(_EMPTY, "")
    files["stasis.conf"] = _sample("stasis.conf")
    files["manager.conf"] = _manager(host, secrets)
    if host is PHONES:
        files["pjsip.conf"] = _phones_pjsip(size)
        files["extensions.conf"] = _PHONES_DIALPLAN
    elif host is EDGE:
        files["pjsip.conf"] = _sample("pjsip-edge.conf")
        files["extensions.conf"] = _edge_globals() + '#include "cti-edge.conf"\n' + office.edge_dialplan(HOTLINE)
        files["cti-edge.conf"] = _plan("cti-edge.conf")
    else:
        files |= _node(host, size)
    return files


def _modules(host: Host) -> str:
    wanted = [name for name in _MODULES if host is not PHONES or name != "res_pjsip_refer"]
    return "[modules]\nautoload=no\n" + "".join(f"load={name}.so\n" for name in wanted)


def _sample(name: str) -> str:
    return (REPOSITORY / f"config/asterisk/{name}.sample").read_text()


def _asterisk(host: Host, secrets: Secrets) -> str:
    home = f"{RUN_INSIDE}/{host.name}"
    return f"""[directories]
astetcdir => {home}/etc
astvarlibdir => {home}/lib
astdbdir => {home}/lib
astdatadir => {RUN_INSIDE}/data
astspooldir => {home}/spool
astrundir => {home}/run
astlogdir => {home}/log
astagidir => {home}/agi-bin
[options]
systemname = {secrets.system_name}
live_dangerously = no
verbose = 0
hideconnect = yes
"""


def _manager(host: Host, secrets: Secrets) -> str:
    text = _sample("manager.conf").replace("secret = CHANGE-ME", f"secret = {secrets.cti}")
    if host is EDGE:
        text = text.replace("channelvars = CTI_CALL", "channelvars = CTI_CALL,CTI_NODE,CTI_LEG_EPOCH,CTI_DIALOG")
    return (
        text
        + f"""
; The lab's own hand, from inside this host only.
[lab]
secret = {secrets.lab}
deny = 0.0.0.0/0.0.0.0
permit = 127.0.0.1/255.255.255.255
read = all
write = all
writetimeout = 5000
"""
    )


def _edge_globals() -> str:
    lines = [
        "[globals]",
        f"CTI_HOTLINE = {HOTLINE}",
        f"CTI_ROUTE_DEFAULT = {','.join(node.name for node in NODES)}",
        "CTI_TRY_SECONDS = 1.5",
        "CTI_SETUP_SECONDS = 3",
        "CTI_RETRY_SECONDS = 300",
    ]
    for node in NODES:
        for letter, net in zip("ab", CTL_NETS, strict=True):
            lines.append(f"CTI_ADDR_{node.name}_{letter} = {node.address(net)}:{SIP_PORT}")
    return "\n".join(lines) + "\n"


def _node(host: Host, size: Size) -> dict[str, str]:
    queue = "emergency" if host is EMG else "hotline"
    plan = "cti-emergency.conf" if host is EMG else "cti-node.conf"
    media = host.address(Net.SVC)
    pjsip = _sample("pjsip-node.conf").replace(PBX_A.address(Net.SVC), media)
    queues = _sample("queues.conf").replace("[hotline]", f"[{queue}]")
    for seat in size.names(host):
        pjsip += f"[{seat}](cti-seat)\naors = {seat}\n[{seat}](cti-seat-aor)\n"
        queues += f"member => PJSIP/{seat},0,{seat},PJSIP/{seat}\n"
    dialplan = f"[globals]\nCTI_HOTLINE = {HOTLINE}\nCTI_QUEUE = {queue}\nCTI_REPLACE_SECONDS = 2\n"
    if host is EMG:
        return {"pjsip.conf": pjsip, "queues.conf": queues, "extensions.conf": f'{dialplan}#include "{plan}"\n', plan: _plan(plan)}
    return {
        "pjsip.conf": pjsip + office.endpoints(),
        "queues.conf": queues + office.queue(queues, size),
        "features.conf": office.FEATURES,
        "res_parking.conf": office.PARKING,
        "extensions.conf": f'{dialplan}{office.GLOBALS}#include "{plan}"\n{office.DIALPLAN}',
        plan: _plan(plan),
    }


def _plan(name: str) -> str:
    return (REPOSITORY / "dialplan" / name).read_text()


def _phones_pjsip(size: Size) -> str:
    return "".join(_phones_sections(size))


def _phones_sections(size: Size) -> Iterator[str]:
    """One Asterisk plays all telephones; every seat registers by itself to each of its servers."""
    yield f"""[global]
type = global
user_agent = phones
endpoint_identifier_order = ip

[transport-udp]
type = transport
protocol = udp
bind = {PHONES.address(Net.SVC)}:{SIP_PORT}
"""
    for node in NODES:
        # rtp_timeout: a person puts the receiver down after some seconds of silence.
        yield f"""
[{node.name}]
type = endpoint
context = phones
disallow = all
allow = ulaw
direct_media = no
rtp_timeout = 4
send_connected_line = no
timers = no
aors = {node.name}
[{node.name}]
type = aor
contact = sip:{node.address(Net.SVC)}:{SIP_PORT}
[{node.name}]
type = identify
endpoint = {node.name}
"""
        # Signalling may come from any of the node's addresses.
        yield "".join(f"match = {node.address(net)}\n" for net in ALL_NETS)
    for node in (PBX_A, PBX_B, EMG):
        for seat in size.names(node):
            yield f"""
[{seat}-{node.name}]
type = registration
server_uri = sip:{node.address(Net.SVC)}:{SIP_PORT}
client_uri = sip:{seat}@{node.address(Net.SVC)}:{SIP_PORT}
contact_user = {seat}
expiration = 3600
max_random_initial_delay = 1
retry_interval = 2
fatal_retry_interval = 2
forbidden_retry_interval = 2
auth_rejection_permanent = no
max_retries = 100000
"""


# `_seat!`, not `_seatX.`: that one needs two characters after the word.
# Replaces is done here, as a one-line telephone does it: the new call is taken at once, the old dialog hung up. Asterisk's
# own (res_pjsip_refer, not loaded on the phones) waits with the lock of one distributor queue for that of another, so a burst
# for many seats of one Asterisk stops each other for good (seen in gdb: __ast_taskpool_serializer_push_wait, 22.10.1).
# LINE_<seat> is who talks there and in which dialog, in one variable: as two, a Replaces for the call before found the new call's channel
# beside the old dialog, and hung up the new caller.
# IGNORE_PERCENT (a global, set during a run): so many of a hundred calls ring out.
# REFUSE_EVERY: every n-th telephone knows no Replaces.
# Echo and not Milliwatt: it sends what it hears, so a caller who is silent costs nothing.
_PHONES_DIALPLAN = r"""[globals]
REFUSE_EVERY = 1000000

[phones]
exten => _seat!,1,Set(SEAT=${EXTEN})
 same => n,Goto(phone,s,1)
exten => _eseat!,1,Set(SEAT=${EXTEN})
 same => n,Goto(phone,s,1)

[phone]
exten => s,1,Set(REPLACES=${PJSIP_HEADER(read,Replaces)})
 same => n,Set(GROUP(seat)=${SEAT})
 same => n,GotoIf($[${LEN(${REPLACES})} > 0]?replace)
 same => n,GotoIf($[${GROUP_COUNT(${SEAT}@seat)} > 1]?busy)
 same => n,Ringing()
 same => n,GotoIf($[${RAND(1,100)} <= 0${IGNORE_PERCENT}]?ignore)
 same => n,Wait($[${RAND(200,1000)} / 1000])
 same => n,Goto(talk)
 same => n(replace),GotoIf($[${FILTER(0-9,${SEAT})} % ${REFUSE_EVERY} = 0]?unknown)
 same => n,Set(LINE=${GLOBAL(LINE_${SEAT})})
 same => n,GotoIf($["${CUT(LINE,@,2)}" != "${SHA1(${REPLACES})}"]?unknown)
 same => n,Set(OLD=${CUT(LINE,@,1)})
 same => n(talk),Answer(,i)
 same => n,Set(DIALOG=${CHANNEL(pjsip,call-id)}\;to-tag=${CHANNEL(pjsip,local_tag)}\;from-tag=${CHANNEL(pjsip,remote_tag)})
 same => n,Set(GLOBAL(LINE_${SEAT})=${CHANNEL}@${SHA1(${DIALOG})})
 same => n,ExecIf($[${LEN(${OLD})} > 0]?SoftHangup(${OLD}))
 same => n,Echo()
 same => n,Hangup()
 same => n(ignore),Wait(60)
 same => n(busy),Busy(1)
 same => n(unknown),Hangup(3)
exten => h,1,Set(LINE=${GLOBAL(LINE_${SEAT})})
 same => n,ExecIf($["${CUT(LINE,@,1)}" = "${CHANNEL}"]?Set(GLOBAL(LINE_${SEAT})=))
"""
