# Makes this machine a kiosk: Windows Enterprise or Education, run as LocalSystem
# (psexec -s -i powershell -File apply.ps1), then restart. Undo: apply.ps1 -Remove.
param([switch]$Remove)
$ErrorActionPreference = "Stop"

$assigned = Get-CimInstance -Namespace "root\cimv2\mdm\dmmap" -ClassName "MDM_AssignedAccess"
if ($Remove) {
    $assigned.ShellLauncher = $null
    Set-CimInstance -CimInstance $assigned
    Disable-WindowsOptionalFeature -Online -FeatureName Client-KeyboardFilter -NoRestart
    return
}

Enable-WindowsOptionalFeature -Online -FeatureName Client-EmbeddedShellLauncher -All -NoRestart
Enable-WindowsOptionalFeature -Online -FeatureName Client-KeyboardFilter -All -NoRestart

# An account that can do nothing but log on here by itself.
if (-not (Get-LocalUser -Name CloisterKiosk -ErrorAction SilentlyContinue)) {
    New-LocalUser -Name CloisterKiosk -NoPassword -AccountNeverExpires -UserMayNotChangePassword
    Add-LocalGroupMember -SID S-1-5-32-545 -Member CloisterKiosk
}

$xml = Get-Content -Raw (Join-Path $PSScriptRoot "ShellLauncher.xml")
$assigned.ShellLauncher = [System.Net.WebUtility]::HtmlEncode($xml)
Set-CimInstance -CimInstance $assigned

# Keys that Windows takes before any program sees them.
$keys = "Ctrl+Alt+Del", "Ctrl+Shift+Esc", "Ctrl+Esc", "Win+L", "Win+R", "Win+E", "Win+D", "Win+M",
        "Win+U", "Win+I", "Win+X", "Win+Tab", "Win+Ctrl+D", "Win+Ctrl+F4", "Alt+Tab", "Alt+Esc",
        "Alt+F4", "Alt+Space", "Win+Enter", "LaunchMail", "LaunchApp1", "LaunchApp2", "BrowserHome",
        "BrowserSearch"
foreach ($key in $keys) {
    $filter = Get-CimInstance -Namespace root\standardcimv2\embedded -ClassName WEKF_PredefinedKey |
        Where-Object { $_.Id -eq $key }
    if ($filter) { $filter.Enabled = 1; Set-CimInstance -CimInstance $filter }
}

# What comes from the screen's edges, from a pen and from a stick.
$policies = @{
    "HKLM:\SOFTWARE\Policies\Microsoft\Windows\EdgeUI"              = @{ AllowEdgeSwipe = 0 }
    "HKLM:\SOFTWARE\Policies\Microsoft\WindowsInkWorkspace"         = @{ AllowWindowsInkWorkspace = 0 }
    "HKLM:\SOFTWARE\Policies\Microsoft\Windows\Explorer"            = @{ DisableNotificationCenter = 1 }
    "HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\Explorer" = @{ NoDriveTypeAutoRun = 255 }
    "HKLM:\SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices" = @{ Deny_All = 1 }
    "HKLM:\SOFTWARE\Policies\Microsoft\Windows\System"              = @{ AllowClipboardHistory = 0; AllowCrossDeviceClipboard = 0 }
    "HKLM:\SOFTWARE\Microsoft\Windows\Windows Error Reporting"      = @{ DontShowUI = 1; Disabled = 1 }
}
foreach ($path in $policies.Keys) {
    New-Item -Path $path -Force | Out-Null
    foreach ($name in $policies[$path].Keys) {
        Set-ItemProperty -Path $path -Name $name -Type DWord -Value $policies[$path][$name]
    }
}
