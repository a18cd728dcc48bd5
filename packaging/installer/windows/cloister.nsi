; Cloister for Windows: one installer, per machine, silent with /S (docs/installing.md).
;
;   makensis /DVERSION=0.1.0 /DBUILD=757 /DPROGRAM=…\build\installer\program\cloister cloister.nsi
;
; Rules kept here: a release is laid beside the one in use and proves itself (`cloister self-check`)
; before that one goes; data are people's and stay, unless the uninstaller is told otherwise; programs
; of the system are started by their whole path, for what lies beside an installer may be anybody's.
; What was tried and what was not stands in docs/installing.md.
Unicode true
ManifestDPIAware true
RequestExecutionLevel admin
SetCompressor /SOLID lzma
!include "MUI2.nsh"
!include "FileFunc.nsh"
!include "LogicLib.nsh"
!include "x64.nsh"

!ifndef VERSION
  !define VERSION "0.0.0"
!endif
!ifndef BUILD
  !define BUILD "0"
!endif
!ifndef OUT
  !define OUT "cloister-${VERSION}-${BUILD}-windows-x86_64.exe"
!endif
!define RELEASE "${VERSION}-${BUILD}"
!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Cloister"
!define AGAIN "Run this installer again once the cause is gone."

Name "Cloister"
OutFile "${OUT}"
!ifdef SIGN ; the vendor's command, which gets the file's name: for the installer and the uninstaller
  !finalize '${SIGN} "%1"' = 0
  !uninstfinalize '${SIGN} "%1"' = 0
!endif
InstallDir "$PROGRAMFILES64\Cloister"
BrandingText " "
VIProductVersion "${VERSION}.${BUILD}"
VIAddVersionKey ProductName "Cloister"
VIAddVersionKey FileDescription "Answers from your own documents, with no network at all"
VIAddVersionKey FileVersion "${RELEASE}"
VIAddVersionKey LegalCopyright "Apache-2.0"

Var Before   ; the release in use, or nothing
Var Data     ; "keep" or "remove"

!define MUI_ABORTWARNING
!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_LICENSE "${SOURCE}\LICENSE"
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "German"
!insertmacro MUI_LANGUAGE "Spanish"
!insertmacro MUI_LANGUAGE "French"

Function .onInit
  ${IfNot} ${RunningX64}
    SetErrorLevel 2
    Quit
  ${EndIf}
  SetRegView 64
  ReadRegStr $Before HKLM "${KEY}" "Release"
  ReadRegStr $0 HKLM "${KEY}" "InstallLocation" ; an upgrade goes where the one before is
  ${If} $0 != ""
    StrCpy $INSTDIR $0
  ${EndIf}
FunctionEnd

Section "Cloister"
  SetShellVarContext all
  ; The power went between the two renames below: what was in use is so again.
  ${IfNot} ${FileExists} "$INSTDIR\program\*.*"
  ${AndIf} ${FileExists} "$INSTDIR\before\*.*"
    Rename "$INSTDIR\before" "$INSTDIR\program"
  ${EndIf}
  RMDir /r "$INSTDIR\coming" ; of one that did not end
  SetOutPath "$INSTDIR\coming"
  File /r "${PROGRAM}\*"

  ; It proves itself before anything that is in use is touched.
  DetailPrint "Release ${RELEASE} proves that it works on this machine"
  nsExec::ExecToLog '"$INSTDIR\coming\cloister.exe" self-check'
  Pop $0
  ${If} $0 != 0
    SetOutPath "$INSTDIR"
    RMDir /r "$INSTDIR\coming"
    ${If} $Before == ""
      RMDir "$INSTDIR"
      StrCpy $1 "Nothing was installed."
    ${Else}
      StrCpy $1 "Release $Before goes on as before."
    ${EndIf}
    DetailPrint "Release ${RELEASE} does not work on this machine. $1 ${AGAIN}"
    SetErrorLevel 3
    Abort "Release ${RELEASE} does not work on this machine. $1"
  ${EndIf}

  ; The folder of the program is one rename away from either release.
  SetOutPath "$INSTDIR"
  RMDir /r "$INSTDIR\before"
  ClearErrors
  ${If} ${FileExists} "$INSTDIR\program\*.*"
    Rename "$INSTDIR\program" "$INSTDIR\before"
    ${If} ${Errors}
      RMDir /r "$INSTDIR\coming"
      SetErrorLevel 4
      Abort "Cloister is in use. Close it for everybody on this machine, then run this again."
    ${EndIf}
  ${EndIf}
  Rename "$INSTDIR\coming" "$INSTDIR\program"
  ${If} ${Errors}
    Rename "$INSTDIR\before" "$INSTDIR\program"
    SetErrorLevel 5
    Abort "The new release could not be put in place; what was there goes on."
  ${EndIf}

  File "${ICON}"
  CreateShortCut "$SMPROGRAMS\Cloister.lnk" "$INSTDIR\program\cloister-window.exe" "" "$INSTDIR\cloister.ico"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKLM "${KEY}" "DisplayName" "Cloister"
  WriteRegStr HKLM "${KEY}" "DisplayVersion" "${RELEASE}"
  WriteRegStr HKLM "${KEY}" "DisplayIcon" "$INSTDIR\cloister.ico"
  WriteRegStr HKLM "${KEY}" "Publisher" "Cloister"
  WriteRegStr HKLM "${KEY}" "Release" "${RELEASE}"
  WriteRegStr HKLM "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKLM "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKLM "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKLM "${KEY}" "NoModify" 1
  WriteRegDWORD HKLM "${KEY}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD HKLM "${KEY}" "EstimatedSize" $0
  WriteRegStr HKLM "Software\Microsoft\Windows\CurrentVersion\App Paths\cloister.exe" "" "$INSTDIR\program\cloister.exe"
  WriteRegStr HKLM "Software\Microsoft\Windows\CurrentVersion\App Paths\cloister-window.exe" "" "$INSTDIR\program\cloister-window.exe"

  ; A second line behind the program's own guards: the firewall lets none of it out.
  nsExec::Exec '"$SYSDIR\netsh.exe" advfirewall firewall delete rule name="Cloister"'
  Pop $0
  nsExec::Exec '"$SYSDIR\netsh.exe" advfirewall firewall add rule name="Cloister" dir=out action=block program="$INSTDIR\program\cloister.exe"'
  Pop $0
  nsExec::Exec '"$SYSDIR\netsh.exe" advfirewall firewall add rule name="Cloister" dir=out action=block program="$INSTDIR\program\cloister-window.exe"'
  Pop $0

  ; Chat models that lie beside the installer come along, to where administrators alone may write.
  ${If} ${FileExists} "$EXEDIR\models\*.*"
    CreateDirectory "$INSTDIR\models"
    CopyFiles /SILENT "$EXEDIR\models\*.*" "$INSTDIR\models"
  ${EndIf}
  RMDir /r "$INSTDIR\before"
SectionEnd

Function un.onInit
  SetRegView 64
  StrCpy $Data "keep"
  ${GetParameters} $0
  ${GetOptions} $0 "/DATA=" $1
  ${If} $1 == "remove"
    StrCpy $Data "remove"
  ${EndIf}
  IfSilent done
  ${If} $Data == "keep"
    MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "Remove your own vault, documents, conversations and log on this machine as well?$\r$\n$\r$\nThey cannot be had back, but from a backup. Other people's stay in any case." IDNO done
    StrCpy $Data "remove"
  ${EndIf}
  done:
FunctionEnd

Section "Uninstall"
  SetShellVarContext all
  ; One rename tells whether somebody has it open, before anything is gone.
  ClearErrors
  ${If} ${FileExists} "$INSTDIR\program\*.*"
    RMDir /r "$INSTDIR\before"
    Rename "$INSTDIR\program" "$INSTDIR\before"
    ${If} ${Errors}
      SetErrorLevel 4
      Abort "Cloister is in use. Close it for everybody on this machine, then run this again."
    ${EndIf}
  ${EndIf}
  nsExec::Exec '"$SYSDIR\netsh.exe" advfirewall firewall delete rule name="Cloister"'
  Pop $0
  Delete "$SMPROGRAMS\Cloister.lnk"
  RMDir /r "$INSTDIR\program"
  RMDir /r "$INSTDIR\before"
  RMDir /r "$INSTDIR\coming"
  RMDir /r "$INSTDIR\models"
  Delete "$INSTDIR\cloister.ico"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  DeleteRegKey HKLM "${KEY}"
  DeleteRegKey HKLM "Software\Microsoft\Windows\CurrentVersion\App Paths\cloister.exe"
  DeleteRegKey HKLM "Software\Microsoft\Windows\CurrentVersion\App Paths\cloister-window.exe"
  ${If} $Data == "remove"
    RMDir /r "$APPDATA\Cloister"
    SetShellVarContext current
    RMDir /r "$LOCALAPPDATA\Cloister"
  ${EndIf}
SectionEnd
